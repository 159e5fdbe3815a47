import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from '../core/config-error.ts'
import { parseConfig } from '../core/parse-config.ts'
import { driverProblems } from './driver-problems.ts'

function problemsOf(here: object): Record<string, string> {
  const site = {
    stateDirectory: '/var/lib/batchway',
    clusters: { here },
    applications: { lab: { kind: 'jupyterhub-singleuser' } },
    profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'lab' }],
  }
  try {
    parseConfig(site, 'batchway.yaml', (config) => driverProblems(config, []))
    return {}
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]))
  }
}

describe('drivers in the configuration', () => {
  it('are told with what was meant, and their settings with their place', () => {
    assert.match(problemsOf({ driver: 'grid-engin' })['clusters.here.driver'] ?? '', /did you mean "grid-engine"\?/)
    const path = 'clusters.here.settings.commandDirectory'
    assert.match(problemsOf({ driver: 'slurm', settings: { commandDirectory: 'bin' } })[path] ?? '', /absolute path/)
  })
  it('whose job scripts others can read need what reads the logs of jobs as their owners', () => {
    const cluster = { driver: 'grid-engine', transport: 'sudo' }
    const path = 'clusters.here.agent'
    assert.match(problemsOf(cluster)[path] ?? '', /^is needed with Grid Engine, .* batchway-read-log/)
    assert.deepEqual(problemsOf({ ...cluster, agent: '/opt/batchway' }), {})
    assert.deepEqual(problemsOf({ driver: 'grid-engine' }), {}) // as the hub itself: it reads them by itself
    assert.deepEqual(problemsOf({ driver: 'slurm', transport: 'sudo' }), {})
  })
})
