import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSitePeople } from '../app/open-admission.ts'
import { statePaths } from '../app/state-paths.ts'
import { parseConfig } from '../core/parse-config.ts'
import { openStores } from '../store/stores.ts'
import { findWho, whoText } from './who-command.ts'

test('who somebody would be is told step by step, and nobody is made by asking', async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'batchway-who-'))
  try {
    const config = parseConfig(
      {
        stateDirectory,
        people: {
          names: { rules: [{ from: '{name}@example.edu', to: '{name}' }] },
          groups: { claim: 'groups' },
          allow: { groups: ['hpc'] },
          adminGroups: ['staff'],
        },
        clusters: {
          here: { driver: 'local' },
          far: { driver: 'slurm', account: '{claim.far}' },
        },
        applications: { jupyter: { kind: 'jupyterhub-singleuser' } },
        profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'jupyter' }],
      },
      'site.yaml',
    )
    const answer = await findWho(config, 'root@example.edu', { groups: ['hpc', 'staff'] })
    assert.equal(
      whoText(answer),
      `  the sign-in says "root@example.edu", with the claims groups
  the rule "{name}@example.edu" → "{name}" makes it "root"
  the user is root
  groups: hpc, staff
  allowed: member of the group hpc
  administrator: member of the group staff
  account on here: root (uid 0, home /root)
  account on far: You have no account on far: your sign-in did not tell "far". Sign in again; if that does not help, ask who runs this gateway.
signs in as root, administrator
`,
    )
    const refused = whoText(await findWho(config, 'eve@example.edu', {}))
    assert.match(refused, /not allowed: none of the lists/)
    assert.match(refused, /refused; the person reads: You are signed in at your organisation/)
    await using stores = await openStores(statePaths(config).database, Date.now)
    await using people = openSitePeople(config, { stores, now: Date.now, random: (bytes) => Buffer.alloc(bytes) })
    assert.equal(await people.countUsers(), 0)
  } finally {
    await rm(stateDirectory, { recursive: true })
  }
})
