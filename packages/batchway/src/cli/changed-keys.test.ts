import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../core/parse-config.ts'
import { changedKeys } from './changed-keys.ts'

describe('what waits for a restart of the hub', () => {
  const site = {
    url: 'https://larch.example.edu/',
    stateDirectory: '/var/lib/batchway',
    clusters: { here: { driver: 'local' }, larch: { driver: 'slurm' } },
    applications: { lab: { kind: 'jupyterhub-singleuser' } },
    profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'lab' }],
  }
  const [profile] = site.profiles
  const rows: readonly [what: string, change: object, keys: readonly string[]][] = [
    ['nothing', {}, []],
    ['a profile’s title', { profiles: [{ ...profile, title: 'Tiny' }] }, ['profiles']],
    ['one more profile', { profiles: [profile, { ...profile, key: 'more' }] }, ['profiles']],
    [
      'one of two clusters',
      { clusters: { ...site.clusters, larch: { driver: 'slurm', transport: 'sudo' } } },
      ['clusters.larch'],
    ],
    ['a cluster that came', { clusters: { ...site.clusters, elm: { driver: 'slurm' } } }, ['clusters.elm']],
    ['a cluster that went', { clusters: { here: { driver: 'local' } } }, ['clusters.larch']],
    ['two things', { url: 'https://elm.example.edu/', audit: { keep: '30d' } }, ['url', 'audit.keep']],
  ]
  for (const [what, change, keys] of rows)
    it(`${what}: ${keys.join(', ') || 'none'}`, () => {
      const [before, now] = [parseConfig(site, 'before'), parseConfig({ ...site, ...change }, 'now')]
      assert.deepEqual(changedKeys(before, now).toSorted(), keys.toSorted())
    })
})
