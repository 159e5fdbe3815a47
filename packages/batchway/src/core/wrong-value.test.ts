import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from './config-error.ts'
import { parseConfig } from './parse-config.ts'

const good = {
  stateDirectory: '/var/lib/batchway',
  clusters: { here: { driver: 'local' } },
  applications: { lab: { kind: 'jupyter' } },
}
const profile = { key: 'small', title: 'Small', cluster: 'here', application: 'lab' }

const problemsOf = (change: object): string[] => {
  try {
    parseConfig({ ...good, profiles: [profile], ...change }, 'batchway.yaml')
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems.map(({ path, message }) => `${path}: ${message}`)
  }
  return []
}
const resources = (value: object) => ({ profiles: [{ ...profile, resources: value }] })
const here = (value: object) => ({ clusters: { here: { driver: 'local', ...value } } })

describe('what to write instead', () => {
  for (const [change, ...problems] of [
    [{ stateDirectory: undefined }, 'stateDirectory: is missing: write an absolute path'],
    [
      { applications: null },
      /^applications: is empty: write keys with values/,
      'profiles[0].application: there is no application "lab"; known: none',
    ],
    [{ listen: 8000 }, 'listen: write a list, such as [a, b]'],
    [{ listen: [] }, 'listen: write at least 1 of them'],
    [{ instance: 12 }, 'instance: write text: put it into quotes, "12"'],
    [{ development: 'yes' }, 'development: write true or false'],
    [{ orphans: 'keep' }, 'orphans: write "cancel" or "leave"'],
    [{ hub: 8081 }, 'hub: write keys with values, such as { key: value }'],
    [{ profiles: [7] }, 'profiles[0]: write keys with values, such as { key: value }'],
    [resources({ cores: 'two' }), 'profiles[0].resources.cores: write a number'],
    [resources({ cores: '2' }), 'profiles[0].resources.cores: write a number: 2 without quotes'],
    [resources({ cores: 1.5 }), 'profiles[0].resources.cores: write a whole number'],
    [resources({ cores: 0 }), 'profiles[0].resources.cores: write at least 1'],
    [here({ transport: 'sdo' }), 'clusters.here.transport: did you mean "sudo"?'],
    [here({ transport: 'login' }), /^clusters.here.transport: .*"self" or "sudo" or "ssh"$/],
    [here({ listen: { ports: [1024, 70_000] } }), 'clusters.here.listen.ports[1]: write at most 65535'],
    [{ signIn: [{ type: 'oicd' }] }, 'signIn[0].type: did you mean "oidc"?'],
    [{ signIn: [{}] }, /^signIn\[0\].type: write "link" or "dev" or/],
    // Words of the schema's own stand.
    [resources({ walltime: 60 }), /^profiles\[0\].resources.walltime: write a duration such as/],
    [{ people: { allow: 'x' } }, /^people.allow: write "everyone"/],
  ] as const)
    it(`instead of ${JSON.stringify(change)}`, () => {
      const found = problemsOf(change)
      assert.equal(found.length, problems.length, found.join('\n'))
      for (const [index, problem] of problems.entries())
        if (typeof problem === 'string') assert.equal(found[index], problem)
        else assert.match(found[index] ?? '', problem)
    })
})
