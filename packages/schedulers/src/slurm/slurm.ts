import { z } from 'zod'
import { command, commandDirectory, word } from '../command-parts.ts'
import { defineDriver, SchedulerError } from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { toTimeLimit } from './duration.ts'
import { parseCancel } from './parse-cancel.ts'
import { historyFormat, parseHistory, parseHistoryByName } from './parse-history.ts'
import { listFormat, listSteps, parseList } from './parse-list.ts'
import { availabilityFormat, parsePartitions } from './parse-partitions.ts'
import { parseSubmit } from './parse-submit.ts'

const settings = z.strictObject({
  commandDirectory: commandDirectory('sbatch, squeue, scancel, sacct and sinfo'),
  environment: z
    .enum(['clean', 'login'])
    .describe(
      'What a job starts with: the login environment that slurmd collects by running a login shell, or nothing but what Slurm sets (faster where login shells are slow, and without what they set)',
    )
    .default('login'),
})

const jobOptions = z.strictObject({
  partition: z
    .string()
    .regex(/^[A-Za-z0-9_][\w.+-]*(?:,[A-Za-z0-9_][\w.+-]*){0,15}$/, 'expected a partition, or several with commas')
    .max(512)
    .describe('Partition (queue) to submit to; with several, the first that can run the job takes it')
    .optional(),
  account: word('Account (project) that is charged'),
  qos: word('Quality of service'),
  constraint: z
    .string()
    .regex(/^[A-Za-z0-9_[(][\w&|*[\]().,:+-]{0,255}$/, 'expected node features, joined by & or |')
    .describe('Features that the node must have')
    .optional(),
  reservation: word('Reservation to run in'),
})

/** `--option=value` for each value that is there. */
const options = (values: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]))

/** `%j` is the job id; any other `%` stands for itself. A backslash would switch replacement off (sbatch(1), "filename pattern"). */
function outputPattern(path: string): string {
  if (path.includes('\\'))
    throw new SchedulerError('refused', 'Slurm takes no backslash in the path of the output file')
  return path.replace(/%(?!j)/g, '%%')
}

/**
 * Slurm, by its commands. Recorded with 22.05.8 and 24.11.5.
 *
 * The environment of a job: sbatch's default carries the submitter's (the hub's, sudo's) into it. `--export-file=/dev/null` empties that
 * before sbatch looks at it, SLURM_* included, and leaves no SLURM_EXPORT_ENV behind (which breaks `srun` in the job). Alone it gives a job
 * what Slurm sets and nothing else; with `--export=NONE` slurmd adds the user's login environment. `NIL` is nothing special in 22.05: it is
 * taken for the name of a variable, and the login environment is loaded.
 */
export const slurm = defineDriver({
  id: 'slurm',
  title: 'Slurm',
  secretChannel: 'script',
  settings,
  jobOptions,
  environment: { set: { SLURM_TIME_FORMAT: '%s' }, keep: ['SLURM_CONF'] },
  submit: ({ name, script, resources, workdir, outputPath, requeue, options: chosen }, site) => ({
    file: command('sbatch', site),
    args: [
      '--parsable',
      ...options({
        'job-name': name,
        chdir: workdir,
        output: outputPattern(outputPath),
        'open-mode': 'append', // a requeued job must not wipe what its first run said
        nodes: '1',
        ntasks: '1',
        'cpus-per-task': String(resources.cores),
        mem: `${resources.memoryMiB}M`,
        time: toTimeLimit(resources.wallSeconds),
        gres: resources.gpus > 0 ? ['gpu', resources.gpuType, resources.gpus].filter(Boolean).join(':') : undefined,
        partition: chosen.partition,
        account: chosen.account,
        qos: chosen.qos,
        constraint: chosen.constraint,
        reservation: chosen.reservation,
        propagate: 'NONE', // the hub's own ulimits are not the job's
        'export-file': '/dev/null',
        export: site.environment === 'login' ? 'NONE' : undefined,
      }),
      requeue ? '--requeue' : '--no-requeue',
    ],
    stdin: script,
    as: 'owner',
  }),
  parseSubmit,
  // Not --array: it turns one array of a thousand elements into a thousand rows.
  list: (site) => ({
    file: command('squeue', site),
    args: ['--noheader', '--all', '--local', '--states=all', '--noconvert', `--Format=${listFormat}`],
    as: 'hub',
  }),
  parseList,
  listSteps,
  cancel: (id, site, name) => ({
    file: command('scancel', site),
    args: ['--verbose', ...options({ name }), id],
    as: 'owner',
  }),
  parseCancel,
  history: {
    command: (ids, site) => accounting(site, [`--jobs=${ids.join(',')}`]),
    parse: parseHistory,
  },
  historyByName: {
    command: (names, sinceMs, site) =>
      accounting(site, [
        '--allocations',
        `--name=${names.join(',')}`,
        `--starttime=${new Date(sinceMs).toISOString().slice(0, 19)}`, // in the time zone of the call, which is UTC
      ]),
    parse: parseHistoryByName,
  },
  availability: {
    command: (site) => ({
      file: command('sinfo', site),
      args: ['--noheader', '--all', '--local', '--noconvert', `--Format=${availabilityFormat}`],
      as: 'hub',
    }),
    parse: parsePartitions,
  },
  readLog: readOutputFile,
})

type Settings = z.output<typeof settings>

const accounting = (site: Settings, args: readonly string[]) =>
  ({
    file: command('sacct', site),
    args: ['--noheader', '--noconvert', '--local', '--allusers', `--format=${historyFormat}`, ...args],
    as: 'hub',
  }) as const
