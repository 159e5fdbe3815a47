/**
 * What really listens, of all processes of a site with sessions, against the network map of docs/security.md: nothing that is not on it,
 * nothing on it that is not there. And what a neighbour gets at the sockets that are not for him.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { readFrom, tableRows } from '../../testbench/doc-tables.ts'
import { programText, runAs, startAs } from './support/as-person.ts'
import { applicationOf, liveSession, privateSocketOf } from './support/live-secrets.ts'
import { withPages } from './support/pages-profile.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, type Visitor, visitorOf } from './support/visitor.ts'

const base = '/jupyter/'
const map = tableRows(
  readFrom('docs/security.md') ?? '',
  'process',
  'address',
  'purpose',
  'who may reach it',
  'what a stranger gets',
).map(([process = '', address = '']) => ({ process, address: address.replaceAll('`', '') }))

interface Process {
  readonly pid: number
  readonly parent: number
  readonly args: string
}
interface Listener {
  readonly process: string
  /** `HOST:PORT`, the path of a socket, or `@name`. */
  readonly address: string
}

function processes(): Process[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n')
  return lines.flatMap((line) => {
    const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args }]
  })
}

/** Pids of a process and of all below it, but for those below others that are named. */
function familyOf(pid: number, all: readonly Process[], others: ReadonlySet<number> = new Set()): number[] {
  const children = all.filter(({ parent, pid: child }) => parent === pid && !others.has(child))
  return [pid, ...children.flatMap((child) => familyOf(child.pid, all, others))]
}

describe('the listeners of a site', () => {
  let site: Site
  let alice: Visitor
  before(async () => {
    site = await openSite({ base, instance: 'q4', change: withPages })
    alice = await visitorOf(site, 'alice')
    await Promise.all([
      startServer(alice, 'slurm-pages'),
      startServer(alice, 'local-classic', { server: 'book' }),
      startServer(alice, 'slurm-private', { server: 'quiet' }),
    ])
    const token = liveSession(site, 'alice', 'book').apiToken
    const made = await alice.ask(`${base}user/alice/book/api/kernels`, {
      method: 'POST',
      cookies: '',
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      body: '{}',
    })
    assert.equal(made.status, 201, 'a kernel listens too')
  })
  after(() => site?.[Symbol.asyncDispose]())

  const applications = () => ['', 'book'].map((server) => applicationOf(liveSession(site, 'alice', server)))

  /** Every listener of the site's processes, and of `more`, by the process that holds it. */
  function listeners(more: readonly number[] = []): Listener[] {
    const all = processes()
    const parentOf = (pid: number): number => all.find((each) => each.pid === pid)?.parent ?? 0
    const local = all.filter(({ args }) => args.includes(` serve --state=${site.stateDirectory}/local `))
    const apps = [...applications(), privateSocketOf(liveSession(site, 'alice', 'quiet'))].map(({ pid }) => pid)
    const agents = apps.map(parentOf)
    const heads = [site.pidOf('hub'), site.pidOf('proxy'), ...local.map(({ pid }) => pid)]
    const roles: Readonly<Record<string, readonly number[]>> = {
      start: familyOf(site.starter, all, new Set(heads)),
      hub: familyOf(site.pidOf('hub'), all),
      proxy: familyOf(site.pidOf('proxy'), all),
      local: local.flatMap(({ pid }) => familyOf(pid, all, new Set(agents))),
      agent: agents.flatMap((pid) => familyOf(pid, all, new Set(apps))),
      application: [...apps.flatMap((pid) => familyOf(pid, all)), ...more],
    }
    const table = execFileSync('ss', ['-lntuxpH'], { encoding: 'utf8', maxBuffer: 1 << 26 })
    return table.split('\n').flatMap((line) => {
      const pids = [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid))
      const address = line.trim().split(/\s+/)[4] ?? ''
      return Object.entries(roles)
        .filter(([, members]) => pids.some((pid) => members.includes(pid)))
        .map(([process]) => ({ process, address }))
    })
  }

  /** Does a row of the map mean this address, at this site? */
  function isMeant(row: string, address: string): boolean {
    const config: { listen: string[]; hub: { internal: string[] } } = parse(readFileSync(site.configFile, 'utf8'))
    const ports = applications().map(({ port }) => port)
    if (row === 'listen') return config.listen.includes(address)
    if (row === 'hub.internal') return config.hub.internal.includes(address)
    if (row === 'clusters.*.listen') return /^(?:0\.0\.0\.0|127\.0\.0\.1):\d+$/.test(address)
    if (row === '127.0.0.1:PORT') return ports.some((port) => address === `127.0.0.1:${port}`)
    if (row === '127.0.0.1:*') return address.startsWith('127.0.0.1:') && !isMeant('127.0.0.1:PORT', address)
    if (row === '@batchway-port-PORT') return ports.some((port) => address === `@batchway-port-${port}`)
    const [, name] = /^batchway-app-\*\/(\w+\.sock)$/.exec(row) ?? []
    if (name)
      return (
        dirname(privateSocketOf(liveSession(site, 'alice', 'quiet')).path) === dirname(address) &&
        address.endsWith(`/${name}`)
      )
    return row.endsWith('.sock') && address === `${site.stateDirectory}/${row}`
  }
  const unmapped = (found: readonly Listener[]): Listener[] =>
    found.filter(({ process, address }) => !map.some((row) => row.process === process && isMeant(row.address, address)))

  // GHSA-vrq4-9hc3-cgp7 (jupyter-remote-desktop-proxy): what should have listened on a socket listened on the network.
  it('are those of the map, and no other', async () => {
    const absentFrom = (found: readonly Listener[]) =>
      map.filter(
        (row) => !found.some(({ process, address }) => process === row.process && isMeant(row.address, address)),
      )
    // A kernel opens its ports a moment after it is there.
    const found = await until(
      'all of the map listen',
      () => {
        const now = listeners()
        const absent = absentFrom(now)
        if (absent.length > 0) throw new Error(JSON.stringify(absent))
        return now
      },
      60_000,
    )
    assert.deepEqual(unmapped(found), [])
    // In a job the agent alone may listen beyond the node, and does so on Slurm.
    const wide = found.filter(({ address }) => !/^(?:127\.0\.0\.1:|\/|@)/.test(address))
    assert.deepEqual(new Set(wide.map(({ process }) => process)), new Set(['agent']))
    assert.equal(wide.length, 2)
  })

  it('would be found if there were one more', async () => {
    await using extra = startAs('alice', 'open-door.py')
    const [, pid, port] = /listening (\d+) (\d+)/.exec(await extra.said(/listening \d+ \d+/)) ?? []
    assert.deepEqual(unmapped(listeners([Number(pid)])), [{ process: 'application', address: `0.0.0.0:${port}` }])
  })

  it('let a neighbour into no socket of the hub’s account, and answer him nothing where he may knock', async () => {
    const raw = ['/usr/bin/python3', '-I', '-c', programText('raw.py')]
    const ask = async (user: string, to: string) =>
      (await runAs(user, raw, JSON.stringify({ to, text: `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n` })))
        .stdout
    for (const { address } of map.filter((row) => /^[\w/]+\.sock$/.test(row.address)))
      for (const user of ['bob', 'alice'])
        assert.equal(
          (await ask(user, `${site.stateDirectory}/${address}`)).trim(),
          'not permitted',
          `${user} at ${address}`,
        )
    assert.match(await ask('batchway', `${site.stateDirectory}/hub.sock`), /^HTTP\/1\.1 /)
    const [{ port } = { port: 0 }] = applications()
    assert.equal(await ask('bob', `\0batchway-port-${port}`), '')
  })
})
