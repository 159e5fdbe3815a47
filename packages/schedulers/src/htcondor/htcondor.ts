import { z } from 'zod'
import { command, commandDirectory, word } from '../command-parts.ts'
import { defineDriver, type Resources } from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseHistoryByName, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { attributes } from './read-ad.ts'
import { waitingHolds } from './states.ts'
import { submitArguments } from './submit-arguments.ts'
import { parseUnmatched, unmatchedAttributes } from './unmatched.ts'

const hostName = /^[A-Za-z0-9_][\w.:@-]{0,254}$/

const settings = z.strictObject({
  commandDirectory: commandDirectory('condor_submit, condor_q, condor_rm and condor_history'),
  schedd: z
    .string()
    .regex(hostName, 'expected the name of a schedd')
    .describe('Name of the schedd to submit to, if it is not this host’s own (condor_submit -name)')
    .optional(),
  pool: z
    .string()
    .regex(hostName, 'expected the name of a host, with a port perhaps')
    .describe('Central manager of the pool, if it is not the one of this host’s configuration (-pool)')
    .optional(),
  unmatchable: z
    .enum(['wait', 'end'])
    .default('wait')
    .describe(
      'A job that no machine now in the pool could ever run: let it wait, with a sentence that says so, since machines may join; or end its session',
    ),
})

const jobOptions = z.strictObject({
  accountingGroup: word('Accounting group (accounting_group)'),
  project: word('Project, for pools that account by the attribute ProjectName'),
  concurrencyLimits: z
    .string()
    .regex(/^[A-Za-z_][\w.:]*(?:,[A-Za-z_][\w.:]*){0,15}$/, 'expected names, several with commas')
    .describe('Limits that the job counts against (concurrency_limits)')
    .optional(),
  requirements: z
    .string()
    .regex(/^[^\x00-\x1f\x7f$]{1,1000}$/, 'expected an expression without $')
    .describe('What a machine must have, as an expression: `OpSysAndVer == "Debian12"`')
    .optional(),
})

const line = (key: string, value: string | undefined): string[] => (value === undefined ? [] : [`${key} = ${value}`])

function resourceLines({ cores, memoryMiB, gpus, gpuType, wallSeconds }: Resources): string[] {
  return [
    `request_cpus = ${cores}`,
    `request_memory = ${memoryMiB}`,
    ...(gpus > 0 ? [`request_gpus = ${gpus}`, ...line('require_gpus', gpuType && `DeviceName == "${gpuType}"`)] : []),
    `allowed_job_duration = ${wallSeconds}`,
  ]
}

/** A job that HTCondor holds for what it did would stand in the queue for ever; one that runs once, again. */
const removal = (requeue: boolean): string[] => [
  `periodic_remove = (JobStatus == 5 && !member(HoldReasonCode, {${waitingHolds.join(', ')}}))${requeue ? '' : ' || (JobStatus == 1 && (NumJobStarts ?: 0) > 0)'}`,
]

/** A requirement of the job's own numbers is looked at before each start. */
function requirementLines(asked: string | undefined, requeue: boolean): string[] {
  const parts = [asked === undefined ? undefined : `(${asked})`, requeue ? undefined : '((MY.NumJobStarts ?: 0) == 0)']
  const expression = parts.filter((part) => part !== undefined).join(' && ')
  return expression === '' ? [] : [`requirements = ${expression}`]
}

/**
 * HTCondor, by its commands. Recorded with 23.9.6.
 *
 * Nothing of the submitter's environment goes into a job (no `getenv`); HTCondor sets its own variables and those of its machines, and
 * the job script asks for HOME and its like. @see submit-arguments.ts for the script's own way.
 */
export const htcondor = defineDriver({
  id: 'htcondor',
  title: 'HTCondor',
  secretChannel: 'script',
  cancelIgnoresName: true,
  settings,
  jobOptions,
  environment: { keep: ['CONDOR_CONFIG'] },
  submit: ({ name, script, resources, workdir, outputPath, requeue, options }, site) => ({
    file: command('condor_submit', site),
    args: [
      ...place(site),
      ...submitArguments({
        name,
        workdir,
        outputPath,
        requeue,
        lines: [
          ...resourceLines(resources),
          ...requirementLines(options.requirements, requeue),
          ...removal(requeue),
          ...line('accounting_group', options.accountingGroup),
          ...line('concurrency_limits', options.concurrencyLimits),
          ...line('My.ProjectName', options.project && `"${options.project}"`),
        ],
      }),
    ],
    stdin: script,
    as: 'owner',
  }),
  parseSubmit,
  list: (site) => ({
    file: command('condor_q', site),
    args: [...place(site), '-allusers', '-json', '-attributes', attributes, '-constraint', ours],
    as: 'hub',
  }),
  parseList,
  cancel: (id, site) => ({ file: command('condor_rm', site), args: [...place(site), id], as: 'owner' }),
  parseCancel,
  history: {
    command: (ids, site) => history(site, ['-limit', String(ids.length), ...ids]),
    parse: parseHistory,
  },
  historyByName: {
    command: (names, sinceMs, site) =>
      history(site, [
        '-since',
        `EnteredCurrentStatus < ${Math.floor(sinceMs / 1000)}`,
        '-constraint',
        `${ours} && member(JobBatchName, {${names.map((name) => `"${name.replace(/[^\w-]/g, '')}"`).join(', ')}})`,
      ]),
    parse: parseHistoryByName,
  },
  waits: {
    command: (site) => ({
      file: command('condor_q', site),
      args: [
        ...place(site),
        '-allusers',
        '-unmatchable',
        '-json',
        '-attributes',
        unmatchedAttributes,
        '-constraint',
        ours,
      ],
      as: 'hub',
    }),
    parse: (output, { unmatchable }) =>
      new Map(
        [...parseUnmatched(output)].map(([id, reason]) => [
          id,
          { reason, wait: unmatchable === 'end' ? 'never' : 'normal' } as const,
        ]),
      ),
  },
  readLog: readOutputFile,
})

type Settings = z.output<typeof settings>

/** Everybody's sessions; nothing else of the pool. */
const ours = 'Batchway =?= True'

/** Records of ended jobs that are read at most; the latest come first. */
const scanLimit = 100_000

const place = ({ schedd, pool }: Settings): string[] => [
  ...(schedd === undefined ? [] : ['-name', schedd]),
  ...(pool === undefined ? [] : ['-pool', pool]),
]

const history = (site: Settings, args: readonly string[]) =>
  ({
    file: command('condor_history', site),
    args: [...place(site), '-json', '-attributes', attributes, '-scanlimit', String(scanLimit), ...args],
    as: 'hub',
  }) as const
