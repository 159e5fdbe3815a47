/** What `batchway import profiles` writes for each scheduler is taken by a configuration, and by the scheduler or its emulator. */
import assert from 'node:assert/strict'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { loadSite } from '../packages/batchway/src/cli/load-site.ts'
import { findAccount } from '../packages/batchway/src/cli/start/served-account.ts'
import { mapProfileList } from '../packages/batchway/src/profiles/import/map-list.ts'
import { toProfile } from '../packages/batchway/src/profiles/import/to-profile.ts'
import { openCluster } from '../packages/schedulers/src/cluster.ts'
import { openLsfEmulator } from '../packages/schedulers/src/lsf/testing-emulator/open-emulator.ts'
import { openMoabEmulator } from '../packages/schedulers/src/moab/testing-emulator/open-emulator.ts'
import { openPbsEmulator } from '../packages/schedulers/src/pbs/testing-emulator/open-emulator.ts'
import { logReaderProgram } from '../packages/schedulers/src/read-log.ts'
import { drivers } from '../packages/schedulers/src/registry.ts'
import { openTorqueEmulator } from '../packages/schedulers/src/torque/testing-emulator/open-emulator.ts'
import { sudoTransport } from '../packages/schedulers/src/transport.ts'

const bench = process.env.BATCHWAY_BENCH ?? '/var/tmp/batchway-bench'
const condor = process.env.TEST_HTCONDOR_BIN ?? join(bench, 'htcondor/bin')

interface Place {
  /** `commandDirectory` and what else the cluster says. */
  readonly settings: Readonly<Record<string, unknown>>
  [Symbol.dispose](): void
}
const emulated = (emulator: { readonly commands: string; [Symbol.dispose](): void }): Place => ({
  settings: { commandDirectory: emulator.commands },
  [Symbol.dispose]: () => emulator[Symbol.dispose](),
})
const standing = (settings: Place['settings']): Place => ({ settings, [Symbol.dispose]() {} })

/** Every option that batchspawner has for all schedulers, with a queue that is there. Only what `unmapped` names has no option here. */
const cases: readonly { class: string; queue: string; options: object; unmapped?: string[]; open(): Place }[] = [
  {
    class: 'SlurmSpawner',
    queue: 'batch',
    options: { partition: 'batch', account: 'chem', qos: 'normal' },
    open: () => standing({}),
  },
  {
    class: 'PBSSpawner',
    queue: 'workq',
    options: { queue: 'workq', account: 'chem' },
    unmapped: ['req_qos'],
    open: () => emulated(openPbsEmulator()),
  },
  {
    class: 'TorqueSpawner',
    queue: 'batch',
    options: { queue: 'batch', account: 'chem', qos: 'normal' },
    open: () => emulated(openTorqueEmulator()),
  },
  {
    class: 'MoabSpawner',
    queue: 'batch',
    options: { queue: 'batch', account: 'chem', qos: 'normal' },
    open: () => emulated(openMoabEmulator()),
  },
  {
    class: 'LsfSpawner',
    queue: 'normal',
    options: { queue: 'normal', project: 'chem' },
    unmapped: ['req_qos'],
    open: () => emulated(openLsfEmulator()),
  },
  {
    class: 'GridengineSpawner',
    queue: 'all.q',
    options: { queue: 'all.q', account: 'chem' },
    unmapped: ['req_qos'],
    open: () => standing({ commandDirectory: join(bench, 'gridengine/commands'), memoryResource: 'ram' }),
  },
  {
    class: 'CondorSpawner',
    queue: 'vanilla',
    options: { accountingGroup: 'chem' },
    unmapped: ['req_queue', 'req_qos'],
    open: () => standing({ commandDirectory: condor }),
  },
]

describe('profiles imported from batchspawner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-imported-'))
  after(() => rmSync(folder, { recursive: true }))
  const alice = findAccount('alice')
  assert.ok(alice, 'the bench has the account alice: testbench/slurm-up.sh')
  chownSync(folder, alice.uid, alice.gid)
  const logReader = join(folder, 'log-reader')
  writeFileSync(logReader, logReaderProgram, { mode: 0o755 })

  for (const { class: name, queue, options, unmapped = [], open } of cases)
    it(`of ${name} are taken as they are, and what has no option is told`, async () => {
      using place = open()
      const tuple = new Map([
        ['req_queue', queue],
        ['req_account', 'chem'],
        ['req_qos', 'normal'],
        ['req_nprocs', '1'],
        ['req_memory', '200mb'],
        ['req_runtime', '0:10:00'],
      ])
      const [imported] = mapProfileList([['Title', 'key', `batchspawner.${name}`, tuple]], {
        application: 'jupyter',
        clusters: new Map(),
        queues: new Map(),
        accounts: new Map(),
      })
      assert.ok(imported?.cluster)
      assert.deepEqual(
        imported.notes.filter(({ verdict }) => verdict === 'unmapped').map(({ setting }) => setting),
        unmapped,
      )

      const { key, driver: id } = imported.cluster
      const file = join(folder, `${name}.yaml`)
      const site = {
        stateDirectory: folder,
        clusters: { [key]: { driver: id, transport: 'self', settings: place.settings } },
        applications: { jupyter: { kind: 'jupyter' } },
        profiles: [toProfile(imported)],
      }
      writeFileSync(file, stringify(site), { mode: 0o600 })
      const [profile] = (await loadSite(file)).config.profiles
      assert.deepEqual(profile?.options, options)

      const driver = drivers.find((one) => one.id === id)
      assert.ok(driver && profile)
      const { cores, memory, walltime } = profile.resources
      const cluster = openCluster({
        key,
        driver,
        transport: sudoTransport(),
        settings: place.settings,
        environment: process.env,
        logReader,
      })
      const job = await cluster.submit({
        name: `imported-${process.pid}`,
        account: 'alice',
        script: '#!/bin/sh\nsleep 60\n',
        resources: { cores, memoryMiB: memory, gpus: 0, wallSeconds: walltime },
        workdir: folder,
        outputPath: join(folder, `${name}.out`),
        requeue: false,
        options: profile.options,
      })
      assert.equal(await cluster.cancel(job, 'alice', `imported-${process.pid}`), true)
    })
})
