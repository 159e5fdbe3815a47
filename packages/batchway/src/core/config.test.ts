import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { basePathOf } from './config.ts'
import { ConfigError, closest } from './config-error.ts'
import { parseConfig } from './parse-config.ts'

const good = () => ({
  stateDirectory: '/var/lib/batchway',
  clusters: { here: { driver: 'local' } },
  applications: { lab: { kind: 'jupyterhub-singleuser' } },
  profiles: [
    { key: 'small', title: 'Small', cluster: 'here', application: 'lab', resources: { memory: '2G', walltime: '8h' } },
  ],
})

function problemsOf(raw: unknown): Record<string, string> {
  try {
    parseConfig(raw, 'batchway.yaml')
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]))
  }
  return {}
}

describe('parseConfig', () => {
  it('accepts a small configuration and fills in the rest', () => {
    const config = parseConfig(good(), 'batchway.yaml')

    assert.equal(config.profiles[0]?.resources.memory, 2_048)
    assert.equal(config.profiles[0]?.resources.walltime, 28_800)
    assert.deepEqual(config.signIn, [{ type: 'link' }])
    assert.equal(basePathOf(config), '/')
  })

  it('reports every problem at once, with its path', () => {
    const problems = problemsOf({
      ...good(),
      url: 'jupyter.example.edu',
      listen: ['8000'],
      profiles: [
        {
          key: 'small',
          title: 'Small',
          cluster: 'here',
          application: 'lab',
          resources: { memory: '2', walltime: 'long' },
        },
      ],
    })

    assert.deepEqual(Object.keys(problems).sort(), [
      'listen[0]',
      'profiles[0].resources.memory',
      'profiles[0].resources.walltime',
      'url',
    ])
  })

  it('does not let a mistake of form hide a wrong reference, or a driver\u2019s own words', () => {
    assert.throws(
      () =>
        parseConfig({ ...good(), url: 'x', profiles: [{ ...good().profiles[0], cluster: 'hree' }] }, 'f', () => [
          { path: 'clusters.here.settings', message: 'too odd' },
        ]),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError)
        assert.deepEqual(error.problems.map(({ path }) => path).sort(), [
          'clusters.here.settings',
          'profiles[0].cluster',
          'url',
        ])
        return true
      },
    )
  })

  it('asks "did you mean" for an unknown key, at any depth', () => {
    const problems = problemsOf({
      ...good(),
      developement: true,
      clusters: { here: { driver: 'local', transprot: 'self' } },
      profiles: [{ ...good().profiles[0], resorces: {} }],
    })

    assert.match(problems.developement ?? '', /did you mean "development"/)
    assert.match(problems['clusters.here.transprot'] ?? '', /did you mean "transport"/)
    assert.match(problems['profiles[0].resorces'] ?? '', /did you mean "resources"/)
  })

  it('finds references to what is not there', () => {
    const problems = problemsOf({
      ...good(),
      profiles: [{ ...good().profiles[0], cluster: 'hree', application: 'desktop' }],
    })

    assert.match(problems['profiles[0].cluster'] ?? '', /did you mean "here"/)
    assert.match(problems['profiles[0].application'] ?? '', /known: lab/)
  })

  it('refuses the sign-in without a password outside development', () => {
    const open = { ...good(), signIn: [{ type: 'dev' }] }

    assert.match(problemsOf(open).signIn ?? '', /development: true/)
    assert.deepEqual(problemsOf({ ...open, development: true }), {})
  })

  it('refuses a default outside what a user may choose', () => {
    const profile = { ...good().profiles[0], choose: { memory: ['4G', '8G'], cores: [8, 2] } }
    const problems = problemsOf({ ...good(), profiles: [profile] })

    assert.match(problems['profiles[0].resources.memory'] ?? '', /outside/)
    assert.match(problems['profiles[0].choose.cores'] ?? '', /lower limit first/)
  })

  it('refuses control characters in commands', () => {
    const problems = problemsOf({ ...good(), applications: { lab: { kind: 'command', command: ['a\nb'] } } })

    assert.match(problems['applications.lab.command[0]'] ?? '', /control characters/)
  })

  it('keeps the application’s token out of command lines', () => {
    const command = ['server', '--token={app_token}']
    const problems = problemsOf({ ...good(), applications: { lab: { kind: 'command', command } } })

    assert.match(problems['applications.lab.command[1]'] ?? '', /by environment/)
  })

  for (const [url, base] of [
    ['https://hpc.example.edu', '/'],
    ['https://hpc.example.edu/jupyter', '/jupyter/'],
    ['https://hpc.example.edu/jupyter/', '/jupyter/'],
  ] as const) {
    it(`takes ${base} from ${url}`, () => assert.equal(basePathOf({ url }), base))
  }
})

describe('closest', () => {
  it('does not guess what is far away', () => {
    assert.equal(closest('zebra', ['cluster', 'title']), undefined)
    assert.equal(closest('titel', ['cluster', 'title']), 'title')
  })
})
