import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ListenError } from './listen-error.ts'
import { baseProblem, basesOf, bootId, openSocketFolder, sweepSocketFolders } from './socket-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'bw-folders-'))
after(() => rmSync(root, { recursive: true, force: true }))
const uid = process.getuid?.() ?? 0
const boot = '0123abcd'
const hourMs = 3_600_000

const newBase = (name: string, mode = 0o700): string => {
  const base = join(root, name)
  mkdirSync(base)
  chmodSync(base, mode)
  return base
}

describe('openSocketFolder', () => {
  it('makes a folder that is closed to others whatever the umask, and removes it with all that is in it', async () => {
    const base = newBase('plain')
    const umask = process.umask(0)
    const folder = await openSocketFolder({ bases: [base], uid, boot }).finally(() => process.umask(umask))
    const place = dirname(folder.socket)
    assert.equal(statSync(place).mode & 0o777, 0o700)
    assert.equal(statSync(place).uid, uid)
    assert.ok(Buffer.byteLength(folder.socket) <= 107)
    writeFileSync(join(place, 'lock'), '')
    folder[Symbol.dispose]()
    folder[Symbol.dispose]()
    assert.equal(existsSync(place), false)
  })

  it('takes the first base that is fit, and says what is wrong with each if none is', async () => {
    const open = newBase('open', 0o777)
    const good = newBase('good')
    const missing = join(root, 'missing')
    using folder = await openSocketFolder({ bases: [missing, open, good], uid, boot })
    assert.ok(folder.socket.startsWith(good))
    await assert.rejects(openSocketFolder({ bases: [missing, open], uid, boot }), (error: unknown) => {
      assert.ok(error instanceof ListenError)
      assert.match(error.message, /missing cannot be used: ENOENT; .*open lies below .*open, which others can change/)
      return true
    })
  })
})

describe('baseProblem', () => {
  it('takes /tmp, and what belongs to root or the user and cannot be changed by others', () => {
    assert.equal(baseProblem(newBase('mine', 0o755), uid), null)
    assert.equal(baseProblem(newBase('sticky', 0o1777), uid), null)
  })

  it('refuses what others own or can change, also above it and behind a link', () => {
    const open = newBase('writable', 0o777)
    const below = join(open, 'below')
    mkdirSync(below, { mode: 0o700 })
    symlinkSync(below, join(root, 'link'))
    for (const base of [open, below, join(root, 'link')])
      assert.match(baseProblem(base, uid) ?? '', /others can change/)
    const foreign = (path: string) => Object.assign(statSync(path), { uid: uid + 1 })
    assert.match(baseProblem('/tmp', uid, foreign) ?? '', /another account's/)
  })

  it('refuses what is no plain short path', () => {
    for (const base of ['tmp', '', '/tmp/a b', '/tmp/a,b', '/tmp/a:b', '/tmp/ä'])
      assert.match(baseProblem(base, uid) ?? '', /characters/, base)
    assert.match(baseProblem(`/${'x'.repeat(80)}`, uid) ?? '', /too long/)
    assert.match(baseProblem(join(root, 'not-there'), uid) ?? '', /ENOENT/)
  })
})

describe('sweepSocketFolders', () => {
  it('removes what a dead agent left behind, and nothing else', async () => {
    const base = newBase('sweep')
    const where = { bases: [base, join(root, 'nowhere')], uid, boot }
    using alive = await openSocketFolder(where)
    const dead = join(base, `batchway-app-${boot}-dead00`)
    mkdirSync(dead)
    writeFileSync(join(dead, 'agent.sock'), '') // nobody listens there
    writeFileSync(join(dead, 'app.sock'), '')
    const now = Date.now()
    const old = new Date(now - hourMs)
    const made = (name: string) => {
      const path = join(base, name)
      mkdirSync(path)
      utimesSync(path, old, old)
      return path
    }
    const fresh = join(base, `batchway-app-${boot}-fresh0`)
    mkdirSync(fresh)
    const spared = [
      dirname(alive.socket),
      fresh,
      made('batchway-app-ffffffff-other0'), // of another node or an earlier boot: who knows
      made('batchway-XXXXXXXX'),
      made('something'),
    ]
    const keeperless = made(`batchway-app-${boot}-never0`)
    assert.equal(await sweepSocketFolders(where, now), 2)
    assert.deepEqual([dead, keeperless].map(existsSync), [false, false])
    assert.deepEqual(
      spared.filter((path) => !existsSync(path)),
      [],
    )
    assert.equal(await sweepSocketFolders({ ...where, uid: uid + 1 }, now + hourMs), 0, 'not ours')
  })
})

describe('basesOf', () => {
  it('begins with the job’s own', () => {
    assert.equal(basesOf('/scratch/7')[0], '/scratch/7')
    assert.deepEqual(basesOf('/tmp'), basesOf(undefined))
  })
  it('knows this kernel', () => assert.match(bootId(), /^[0-9a-f]{8}$/))
})
