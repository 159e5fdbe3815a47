/** The emulator prints what the real one printed, byte for byte once times, hosts and measured amounts are masked. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { node } from '../../testing-emulator/schedule.ts'
import type { PbsJob } from './job-table.ts'
import { printJobs } from './print-jobs.ts'

const recorded = (file: string): string =>
  readFileSync(new URL(`../testdata/${file}.txt`, import.meta.url), 'utf8').replace(
    /^[\s\S]*?stdout\n|# --- stderr[\s\S]*$/g,
    '',
  )
const masked = (text: string): string =>
  text
    .replaceAll(node, 'pbs1')
    .replace(/\w{3} \w{3} [ \d]\d( at)? \d\d:\d\d(:\d\d \d{4})?/g, '<time>')
    .replace(/("(?:timestamp|history_timestamp|session_id)":\t)\d+/g, '$1<number>')
    .replace(/(?<="resources_used":\t\{)[^}]*/, (used) => used.replace(/:\t.*/g, ':\t<amount>'))

const home = '/home/alice'
const variables = {
  PBS_O_HOME: home,
  PBS_O_LANG: 'C.UTF-8',
  PBS_O_LOGNAME: 'alice',
  PBS_O_PATH: '/opt/pbs/bin:/usr/bin:/bin',
  PBS_O_MAIL: '/var/mail/alice',
  PBS_O_SHELL: '/bin/bash',
  PBS_O_INTERACTIVE_AUTH_METHOD: 'resvport',
  PBS_O_INTERACTIVE_ENCRYPT_METHOD: '',
  PBS_O_WORKDIR: home,
  PBS_O_SYSTEM: 'Linux',
  PBS_O_QUEUE: 'workq',
  PBS_O_HOST: 'pbs1',
}
const at = Date.parse('2026-11-22T09:37:23Z') / 1000
const running: PbsJob = {
  number: 1,
  name: 'bw-01jk2m3n',
  owner: 'alice',
  home,
  state: 'R',
  queue: 'workq',
  cores: 2,
  memory: '500mb',
  wallSeconds: 120,
  gpus: 0,
  chunk: '1:ncpus=2:mem=500mb',
  join: 'oe',
  mail: 'a',
  output: '',
  rerunable: true,
  submitArguments: 'j.sh',
  variables,
  comment: 'Job run at Sun Nov 22 at 09:37 on (pbs1:ncpus=2:mem=512000kb)',
  slot: 1,
  sessionId: 80_424,
  substate: 42,
  deletedBy: '',
  exitStatus: null,
  createdAt: at,
  modifiedAt: at + 2,
  startedAt: at,
  endedAt: 0,
}

describe('qstat of the emulator', () => {
  it('prints a running job as OpenPBS does', () =>
    assert.equal(masked(printJobs([running])), masked(recorded('qstat-F-json-running'))))

  it('prints a held job as OpenPBS does', () => {
    const held: PbsJob = {
      ...running,
      number: 2,
      state: 'H',
      substate: 20,
      submitArguments: '-h j.sh',
      comment: '',
      startedAt: 0,
    }
    assert.equal(masked(printJobs([held])), masked(recorded('qstat-f-held')))
  })

  it('prints a job that was deleted as OpenPBS does', () => {
    const deleted: PbsJob = {
      ...running,
      state: 'F',
      substate: 91,
      exitStatus: 271,
      endedAt: at + 15,
      comment: `${running.comment} and terminated by alice@pbs1`,
    }
    const [, real = ''] = /(\t\t"1\.pbs1":[\s\S]*?^\t\t\}),$/m.exec(masked(recorded('qstat-fx-json-ended'))) ?? []
    // Amounts are masked in the first record of a text alone.
    const amounts = (text: string): string => text.replace(/(?<="resources_used":\t\{)[^}]*/, '')
    assert.ok(real.includes('"Exit_status":\t271'))
    assert.ok(amounts(masked(printJobs([deleted]))).includes(amounts(real)))
  })

  it('prints a document without jobs where there are none', () => {
    assert.deepEqual(Object.keys(JSON.parse(printJobs([]))), ['timestamp', 'pbs_version', 'pbs_server'])
  })
})
