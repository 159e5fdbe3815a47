import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeCommands, judgeSlurmSettings, judgeSlurmVersion, type SlurmSight } from './judge-scheduler.ts'
import { parseSlurmSettings, parseSlurmVersion, type SlurmSettings } from './slurm-settings.ts'

describe('parseSlurmVersion', () => {
  for (const [text, version] of [
    ['slurm 22.05.8', [22, 5]],
    ['slurm-wlm 24.11.1-1ubuntu3', [24, 11]],
    ['23.02', [23, 2]],
    ['slurm', null],
  ] as const)
    it(`reads ${text}`, () => assert.deepEqual(parseSlurmVersion(text), version))
})

describe('parseSlurmSettings', () => {
  it('reads what 22.05.8 prints', () => {
    const text = `Configuration data as of 1795357178
AccountingStorageHost   = 127.0.0.1
AccountingStorageType   = accounting_storage/slurmdbd
MinJobAge               = 300 sec
PrivateData             = jobs,usage
SlurmctldHost[0]        = vm(127.0.0.1)
SLURM_VERSION           = 22.05.8
`
    assert.deepEqual(parseSlurmSettings(text), {
      version: '22.05.8',
      privateData: ['jobs', 'usage'],
      minJobAgeSeconds: 300,
      accounting: 'accounting_storage/slurmdbd',
    })
  })
  it('knows nothing where nothing was printed', () => {
    assert.deepEqual(parseSlurmSettings(''), {
      version: null,
      privateData: [],
      minJobAgeSeconds: null,
      accounting: null,
    })
  })
  it('takes none for no private data, and (null) for no accounting', () => {
    const { privateData, accounting } = parseSlurmSettings('PrivateData = none\nAccountingStorageType = (null)\n')
    assert.deepEqual([privateData, accounting], [[], 'accounting_storage/none'])
  })
})

describe('judgeSlurmVersion', () => {
  for (const [commands, controller, status, words] of [
    ['slurm 22.05.8', '22.05.8', 'ok', /supported/],
    ['slurm 22.05.8', null, 'ok', /22\.05\.8/],
    ['slurm 24.11.0', '24.11.1', 'ok', /24\.11/],
    ['slurm 21.08.5', '21.08.5', 'warning', /older than 22\.05/],
    ['slurm 25.05.0', '25.05.0', 'warning', /newer than 24\.11/],
    ['slurm 23.11.0', '22.05.8', 'problem', /newer than the controller/],
    ['sbatch', null, 'warning', /cannot tell/],
  ] as const)
    it(`calls commands ${commands} at controller ${controller} ${status}`, () => {
      const verdict = judgeSlurmVersion(commands, controller)
      assert.equal(verdict.status, status)
      assert.match(verdict.words, words)
    })
})

describe('judgeSlurmSettings', () => {
  const settings: SlurmSettings = {
    version: '22.05.8',
    privateData: [],
    minJobAgeSeconds: 300,
    accounting: 'accounting_storage/slurmdbd',
  }
  const sight: SlurmSight = { settings, hub: 'batchway', adminLevel: null, isProbed: false }
  const judged = (change: Partial<SlurmSettings>, more: Partial<SlurmSight> = {}) =>
    judgeSlurmSettings({ ...sight, ...more, settings: { ...settings, ...change } })

  it('has nothing to say about a usual site', () => assert.deepEqual(judged({}), []))
  it('names the grant where jobs are hidden and no job will be tried', () => {
    const [verdict] = judged({ privateData: ['jobs', 'usage'] })
    assert.equal(verdict?.status, 'problem')
    assert.deepEqual(
      verdict.remedy.filter((line) => line.startsWith('  ')),
      [
        '  sacctmgr --immediate add user name=batchway account=root adminlevel=Operator',
        '  sacctmgr --immediate add user name=batchway account=ACCOUNT',
        '  sacctmgr --immediate add coordinator accounts=ACCOUNT names=batchway',
        '  PrivateData=usage',
      ],
    )
  })
  it('modifies an account that accounting knows', () => {
    const [verdict] = judged({ privateData: ['jobs'] }, { adminLevel: 'None' })
    assert.ok(
      verdict?.remedy.includes('  sacctmgr --immediate modify user where name=batchway set adminlevel=Operator'),
      verdict?.remedy.join('\n'),
    )
  })
  it('leaves it to the job where one is tried, and to the grant where there is one', () => {
    assert.deepEqual(judged({ privateData: ['jobs'] }, { isProbed: true }), [])
    assert.deepEqual(judged({ privateData: ['jobs'] }, { adminLevel: 'Operator' }), [])
  })
  it('warns of a short memory and of missing accounting', () => {
    assert.match(judged({ minJobAgeSeconds: 10 })[0]?.words ?? '', /MinJobAge=10/)
    assert.match(judged({ accounting: 'accounting_storage/none' })[0]?.words ?? '', /no accounting/)
  })
})

describe('judgeCommands', () => {
  it('lists paths, or what is missing with the PATH that was looked at', () => {
    assert.equal(judgeCommands([{ name: 'sbatch', file: '/usr/bin/sbatch' }], '/usr/bin').words, '/usr/bin/sbatch')
    const verdict = judgeCommands([{ name: 'sbatch', file: null }], '/bin')
    assert.equal(verdict.status, 'problem')
    assert.match(verdict.words, /not found: sbatch \(PATH is \/bin\)/)
  })
})
