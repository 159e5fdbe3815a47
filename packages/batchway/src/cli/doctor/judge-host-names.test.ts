import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../../core/parse-config.ts'
import { type HostNameFacts, judgeHostNames } from './judge-host-names.ts'
import { lookAtHostNames } from './look-at-host-names.ts'

const facts: HostNameFacts = {
  hub: 'jupyter.example.edu',
  domain: 'apps.example.edu',
  madeUp: 'doctor-1.apps.example.edu',
  hubLeadsTo: ['192.0.2.1', '2001:db8::1'],
  madeUpLeadsTo: ['2001:db8::1'],
  isHostBound: true,
}
const judge = (change: Partial<HostNameFacts>) =>
  judgeHostNames({ ...facts, ...change }).map(({ status, words }) => `${status}: ${words}`)

describe('judgeHostNames', () => {
  it('is content when one address is shared', () =>
    assert.deepEqual(judge({}), ['ok: names under apps.example.edu lead where jupyter.example.edu leads']))
  it('tells of a name that leads nowhere or elsewhere, with the record to write', () => {
    assert.match(judge({ madeUpLeadsTo: [] })[0] ?? '', /^problem: doctor-1\.apps\.example\.edu leads nowhere/)
    assert.match(judge({ madeUpLeadsTo: ['192.0.2.9'] })[0] ?? '', /^problem: .* leads to 192\.0\.2\.9, and jupyter/)
    assert.match(judge({ hubLeadsTo: [] })[0] ?? '', /^warning: jupyter\.example\.edu leads nowhere/)
    const [found] = judgeHostNames({ ...facts, madeUpLeadsTo: [] })
    assert.ok(found?.remedy.includes('  *.apps.example.edu. IN CNAME jupyter.example.edu.'))
  })
  it('warns where the hub’s cookies are not bound to its host', () =>
    assert.match(judge({ isHostBound: false })[0] ?? '', /^warning: the hub’s cookies are not bound/))
})

describe('lookAtHostNames', () => {
  const config = (more: object) =>
    parseConfig(
      {
        stateDirectory: '/var/lib/batchway',
        clusters: { here: { driver: 'local' } },
        applications: { jupyter: { kind: 'jupyterhub-singleuser' } },
        profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'jupyter' }],
        url: 'https://hub.example.edu/',
        ...more,
      },
      'site.yaml',
    )
  it('asks for the hub and for a name that nobody has', async () => {
    const asked: string[] = []
    const found = await lookAtHostNames(
      config({ applicationHosts: '{user}.apps.example.edu' }),
      () => '0a0b',
      async (name) => {
        asked.push(name)
        if (name.startsWith('doctor-')) throw new Error('ENOTFOUND')
        return ['192.0.2.1']
      },
    )
    assert.deepEqual(asked, ['hub.example.edu', 'doctor-0a0b.apps.example.edu'])
    assert.deepEqual([found?.hubLeadsTo, found?.madeUpLeadsTo, found?.isHostBound], [['192.0.2.1'], [], true])
    assert.equal(await lookAtHostNames(config({}), () => ''), null)
  })
})
