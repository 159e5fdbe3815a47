import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from './config-error.ts'
import { listeningProblem, listensOn, placeholdersIn } from './listening.ts'
import { parseConfig } from './parse-config.ts'

describe('listeningProblem', () => {
  for (const [kind, command, environment, key, words] of [
    ['command', ['app', '--socket={socket}'], {}, null, null],
    ['command', ['app', '--port={port}'], {}, null, null],
    ['command', ['app', '{port}'], { PORT: '{port}' }, null, null],
    ['command', ['app'], { APP_SOCKET: '{socket}' }, null, null],
    ['command', ['app', 'unix:{socket},mode=600'], { ALSO: '{socket}' }, null, null],
    ['command', ['app', '{port}', '{socket}'], {}, 'command', /either \{socket\} or \{port\}/],
    ['command', ['app', '{port}'], { S: '{socket}' }, 'environment', /either \{socket\} or \{port\}/],
    ['command', ['app', '{socket}'], { P: '{port}' }, 'command', /either \{socket\} or \{port\}/],
    ['command', ['app', '--port=8080'], {}, 'command', /write \{socket\} where .* else \{port\}/],
    ['command', ['app', '{sock}'], { X: '{ port }' }, 'command', /where to listen/],
    ['jupyter', undefined, {}, null, null],
    ['jupyter', ['jupyter-lab', '--ServerApp.sock={socket}'], {}, null, null],
    ['jupyter', undefined, { S: '{socket}' }, 'environment', /write the command too/],
    ['jupyter', ['jupyter-lab'], {}, 'command', /where to listen/],
    ['jupyterhub-singleuser', undefined, {}, null, null],
    ['jupyterhub-singleuser', ['wrapper', 'jupyterhub-singleuser'], {}, null, null],
    ['jupyterhub-singleuser', ['x', '{socket}'], {}, 'command', /JUPYTERHUB_SERVICE_URL/],
    ['jupyterhub-singleuser', undefined, { S: '{socket}' }, 'environment', /JUPYTERHUB_SERVICE_URL/],
  ] as const)
    it(`${words === null ? 'takes' : 'refuses'} ${kind} ${JSON.stringify(command)} ${JSON.stringify(environment)}`, () => {
      const problem = listeningProblem(kind, { command, environment })
      assert.equal(problem?.key ?? null, key)
      if (words !== null) assert.match(problem?.message ?? '', words)
    })

  it('is part of the check of the configuration, under the application’s path', () => {
    const raw = (command: readonly string[]) => ({
      stateDirectory: '/var/lib/batchway',
      clusters: { here: { driver: 'local' } },
      applications: { app: { kind: 'command', command } },
      profiles: [
        { key: 'a', title: 'A', cluster: 'here', application: 'app', resources: { memory: '1G', walltime: '1h' } },
      ],
    })
    assert.throws(
      () => parseConfig(raw(['app', '{port}', '{socket}']), 'batchway.yaml'),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError)
        assert.deepEqual(
          error.problems.map(({ path }) => path),
          ['applications.app.command'],
        )
        return true
      },
    )
    assert.ok(parseConfig(raw(['app', '{socket}']), 'batchway.yaml'))
  })
})

describe('placeholdersIn', () => {
  it('finds a placeholder wherever it stands, and nothing that only looks like one', () => {
    const text = fc.string({ unit: fc.constantFrom('{', '}', 's', 'o', 'c', 'k', 'e', 't', 'p', 'r', ' ', '=') })
    fc.assert(
      fc.property(fc.array(text), fc.dictionary(fc.string(), text), text, text, (argv, environment, before, behind) => {
        const all = [...argv, ...Object.values(environment)].join('\n')
        const found = placeholdersIn({ argv, environment })
        assert.equal(found.has('socket'), all.includes('{socket}'))
        assert.equal(found.has('port'), all.includes('{port}'))
        const more = { argv: [...argv, `${before}{socket}${behind}`], environment }
        assert.ok(placeholdersIn(more).has('socket'))
        assert.equal(listensOn(more), 'socket')
      }),
    )
  })
})
