import { z } from 'zod'
import { command, commandDirectory, options, word } from '../command-parts.ts'
import { defineDriver, type Resources, SchedulerError } from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory } from './parse-history.ts'
import { parseList } from './parse-list.ts'
import { parseSubmit } from './parse-submit.ts'
import { listFields } from './read-record.ts'

const settings = z.strictObject({
  commandDirectory: commandDirectory('bsub, bjobs, bkill and bhist'),
  memoryUnit: z
    .enum(['written', 'KB', 'MB', 'GB'])
    .describe(
      'How memory is asked for: with its unit behind the number, which LSF takes since 10.1; or as a bare number in what LSF_UNIT_FOR_LIMITS says, for older ones',
    )
    .default('written'),
  memoryReservedPer: z
    .enum(['job', 'task'])
    .describe('What `rusage[mem=…]` counts for: `task` where RESOURCE_RESERVE_PER_TASK=Y is set in lsb.resources')
    .default('job'),
})

const jobOptions = z.strictObject({
  queue: word('Queue to submit to'),
  project: word('Project that is charged (bsub -P)'),
  application: word('Application profile of LSF (bsub -app)'),
  hostGroup: word('Host or group of hosts to run on (bsub -m)'),
  userGroup: word('User group whose share is used (bsub -G)'),
  select: z
    .string()
    .regex(
      /^[A-Za-z][\w.]*(?:(?:==|!=|>=|<=|>|<)[\w.]+)?(?:&&[A-Za-z][\w.]*(?:(?:==|!=|>=|<=|>|<)[\w.]+)?){0,15}$/,
      'expected conditions such as model==XeonGold6226R, several with &&',
    )
    .max(512)
    .describe('What the host must be like: the inside of `select[…]`')
    .optional(),
})

/**
 * IBM Spectrum LSF, by its commands. Read from its manuals (10.1) and from outputs that others published; run against an emulator, not
 * against a real cluster.
 *
 * A job's environment: `-env none` takes nothing of the submitter's along.
 */
export const lsf = defineDriver({
  id: 'lsf',
  title: 'IBM Spectrum LSF',
  cautions: [
    'Not run against a real server: made from the manuals of LSF 10.1 and published outputs, and run against an emulator.',
  ],
  secretChannel: 'log', // bjobs -l shows scripts
  cancelIgnoresName: true,
  settings,
  jobOptions,
  environment: {
    set: { LSB_DISPLAY_YEAR: 'Y' },
    keep: ['LSF_ENVDIR', 'LSF_SERVERDIR', 'LSF_LIBDIR', 'LSF_BINDIR'],
  },
  submit: ({ name, script, resources, workdir, outputPath, requeue, options: chosen }, site) => ({
    file: command('bsub', site),
    args: [
      ...options({
        '-J': name,
        '-n': String(resources.cores),
        '-R': requirementsOf(resources, chosen.select, site),
        '-M': amountOf(resources.memoryMiB, site),
        '-W': String(Math.ceil(resources.wallSeconds / 60)),
        '-o': outputPattern(outputPath),
        '-cwd': withoutPattern(workdir),
        '-env': 'none',
        '-gpu': gpusOf(resources),
        '-q': chosen.queue,
        '-P': chosen.project,
        '-app': chosen.application,
        '-m': chosen.hostGroup,
        '-G': chosen.userGroup,
      }),
      requeue ? '-r' : '-rn',
    ],
    stdin: withoutDirectives(script),
    as: 'owner',
  }),
  parseSubmit,
  list: (site) => ({
    file: command('bjobs', site),
    args: ['-a', '-u', 'all', '-json', '-o', listFields],
    as: 'hub',
  }),
  parseList,
  cancel: (id, site) => ({ file: command('bkill', site), args: [id], as: 'owner' }),
  parseCancel,
  history: {
    // -n 0: in all event files, not in the newest alone.
    command: (ids, site) => ({
      file: command('bhist', site),
      args: ['-l', '-UF', '-n', '0', '-u', 'all', ...ids],
      as: 'hub',
    }),
    parse: parseHistory,
  },
  readLog: readOutputFile,
})

type Settings = z.output<typeof settings>

/** bsub reads options in a script that comes by standard input, and takes one line for its end. Ours has neither. */
function withoutDirectives(script: string): string {
  if (/^\s*#BSUB\b|^# LSBATCH:/m.test(script))
    throw new SchedulerError('refused', 'LSF would read a line of the job script as its own')
  return script
}

/** `%J` is the job id. Nothing makes a percent sign stand for itself. */
function outputPattern(path: string): string {
  withoutPattern(path.replaceAll('%j', ''))
  return path.replaceAll('%j', '%J')
}

function withoutPattern(path: string): string {
  if (/%[A-Za-z]/.test(path)) throw new SchedulerError('refused', 'LSF takes no % before a letter in a path')
  return path
}

const perUnit = { KB: 1024, MB: 1, GB: 1 / 1024 } as const

/** Rounded up to the unit. */
const amountOf = (memoryMiB: number, { memoryUnit }: Settings): string =>
  memoryUnit === 'written' ? `${memoryMiB}MB` : String(Math.ceil(memoryMiB * perUnit[memoryUnit]))

function requirementsOf({ cores, memoryMiB }: Resources, select: string | undefined, site: Settings): string {
  const reserved = site.memoryReservedPer === 'task' ? Math.ceil(memoryMiB / cores) : memoryMiB
  const parts = [
    select === undefined ? undefined : `select[${select}]`,
    `rusage[mem=${amountOf(reserved, site)}]`,
    'span[hosts=1]',
  ]
  return parts.filter((part) => part !== undefined).join(' ')
}

function gpusOf({ gpus, gpuType }: Resources): string | undefined {
  if (gpus === 0) return undefined
  return gpuType === undefined ? `num=${gpus}` : `num=${gpus}:gmodel=${gpuType}`
}
