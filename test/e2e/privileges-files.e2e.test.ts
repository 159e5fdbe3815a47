/** What a site leaves on the disk: every file, folder and socket of its state directory after a full run, and who may do what with it. */
import assert from 'node:assert/strict'
import { lstatSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { hubAccount } from './support/doctor-bed.ts'
import { withEcho } from './support/echo-profile.ts'
import { openSite, type Site } from './support/site.ts'
import { startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

interface Entry {
  readonly path: string
  readonly kind: 'folder' | 'file' | 'socket' | 'fifo' | 'link'
  readonly mode: number
  readonly uid: number
}

function* walk(folder: string, root = folder): Iterable<Entry> {
  const stat = lstatSync(folder)
  const kind = stat.isDirectory()
    ? 'folder'
    : stat.isSocket()
      ? 'socket'
      : stat.isFIFO()
        ? 'fifo'
        : stat.isSymbolicLink()
          ? 'link'
          : 'file'
  yield { path: relative(root, folder) || '.', kind, mode: stat.mode & 0o7777, uid: stat.uid }
  if (kind === 'folder') for (const name of readdirSync(folder).sort()) yield* walk(join(folder, name), root)
}

/** What is open to others, and for what. */
const open: readonly (readonly [path: RegExp, mode: number, owner: 'hub' | 'anybody'])[] = [
  // Passed by jobs of other accounts, who can list nothing in it.
  [/^\.$/, 0o711, 'hub'],
  // They leave notes there under names that nobody can guess or list, and remove none of others.
  [/^local\.exchange$/, 0o1733, 'hub'],
  [/^local\.exchange\/[0-9a-f]{32}\.\w+$/, 0o644, 'anybody'],
  // Made by Node below a folder that is closed.
  [/^compile-cache\/[\w.-]+$/, 0o755, 'hub'],
]

describe('the state directory after a full run', () => {
  let site: Site
  let alice: Visitor
  before(async () => {
    // The usual umask of a shell: the modes must not come from a unit's.
    process.umask(0o022)
    site = await openSite({ instance: 'pf', change: withEcho, ownCompileCache: true })
    alice = await visitorOf(site, 'alice')
    for (const cluster of ['slurm', 'local']) await startServer(alice, `${cluster}-echo`, { server: cluster })
    await site.killAndWait('hub')
    await site.killAndWait('proxy')
    await stopServer(alice, 'slurm')
  })
  after(() => site?.[Symbol.asyncDispose]())

  it('belongs to the hub alone, to the last file', () => {
    const all = [...walk(site.stateDirectory)]
    for (const kind of ['folder', 'file', 'socket'] as const)
      assert.ok(
        all.some((entry) => entry.kind === kind),
        kind,
      )
    assert.ok(
      all.some(({ path }) => path.startsWith('compile-cache/')),
      'what Node compiled is among them',
    )
    const { uid } = hubAccount()
    const wrong = all.filter(({ path, mode, kind, uid: owner }) => {
      if (kind === 'link') return false
      const [, allowed, whose] = open.find(([pattern]) => pattern.test(path)) ?? [null, 0o1700, 'hub']
      return (mode & ~(allowed | 0o700)) !== 0 || (whose === 'hub' && owner !== uid)
    })
    assert.deepEqual(
      wrong.map(({ path, kind, mode, uid: owner }) => `${mode.toString(8)} ${owner} ${kind} ${path}`),
      [],
    )
  })
})
