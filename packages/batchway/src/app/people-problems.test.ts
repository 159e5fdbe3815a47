import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../core/parse-config.ts'
import { peopleProblems } from './people-problems.ts'

const site = {
  stateDirectory: '/var/lib/batchway',
  clusters: { here: { driver: 'local' } },
  applications: { jupyter: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'jupyter' }],
}
const check = (people: object, admins: string[] = []) =>
  parseConfig({ ...site, people, admins }, 'site.yaml', (parts) => peopleProblems(parts, []))

test('rules about people that mean nothing are told with their place', () => {
  assert.equal(check({}).people.allow, undefined)
  for (const [people, words] of [
    [{ names: { rules: [{ from: '{a}@x', to: '{b}' }] } }, /people\.names\.rules\[0\].*uses \{b\}/s],
    [{ names: { rules: [{ from: '{a}{b}', to: '{b}' }] } }, /people\.names\.rules\[0\]\.from.*do not touch/s],
    [{ allow: { users: [] } }, /people\.allow.*lets nobody in/s],
    [{ allow: 'all' }, /people\.allow.*write "everyone"/s],
    [{ allowed: 'everyone' }, /did you mean "allow"/],
    [{ signIn: { idle: '5s' } }, /people\.signIn\.idle.*10m or more/s],
    [{ groups: {} }, /people\.groups\.claim.*is missing/s],
  ] as const)
    assert.throws(() => check(people), words)
  assert.deepEqual(check({ allow: { users: [] } }, ['root1']).people.allow, { users: [], groups: [], claims: {} })
})

test('with OpenID Connect, where a provider may know the whole world, who may come in must be written', () => {
  const oidc = {
    type: 'oidc',
    issuer: 'https://sso.example/',
    clientId: 'batchway',
    clientSecretFile: '/etc/batchway/oidc.secret',
  }
  const parse = (more: object) =>
    parseConfig({ ...site, signIn: [oidc], ...more }, 'site.yaml', (parts) => peopleProblems(parts, []))
  assert.throws(() => parse({}), /people\.allow.*with OpenID Connect write who may come in/s)
  assert.equal(parse({ people: { allow: 'everyone' } }).people.allow, 'everyone')
  assert.equal(parse({ people: { allow: { groups: ['hpc'] } } }).signIn[0]?.type, 'oidc')
})
