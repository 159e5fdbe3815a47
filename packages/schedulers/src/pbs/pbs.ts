import { z } from 'zod'
import { command, commandDirectory, options, word } from '../command-parts.ts'
import { defineDriver, SchedulerError } from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'

const settings = z.strictObject({
  commandDirectory: commandDirectory('qsub, qstat and qdel'),
  gpuResource: z
    .string()
    .regex(/^[A-Za-z]\w{0,63}$/, 'expected the name of a resource')
    .describe('Name of the resource by which the site counts GPUs')
    .default('ngpus'),
  gpuTypeResource: z
    .string()
    .regex(/^[A-Za-z]\w{0,63}$/, 'expected the name of a resource')
    .describe('Name of the resource that holds the model of GPU of a node; without it a profile cannot ask for one')
    .optional(),
})

// No "+" in `chunk`: it would begin a second one.
const jobOptions = z.strictObject({
  queue: word('Queue to submit to'),
  account: word('Account that is charged (qsub -A)'),
  project: word('Project (qsub -P)'),
  chunk: z
    .string()
    .regex(/^[A-Za-z]\w*=[\w.-]+(?::[A-Za-z]\w*=[\w.-]+){0,15}$/, 'expected resource=value, several with colons')
    .describe('Further resources of the one chunk that a session is, such as `host=n1` or `fabric=ib`')
    .optional(),
})

/** Seconds → `HH:MM:SS`. */
export function toWalltime(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

/** PBS puts no job id into a path, and takes what stands before a colon for the name of a host. */
function outputPath(path: string): string {
  if (/%j|[:^]/.test(path)) throw new SchedulerError('refused', 'PBS takes no %j, colon or ^ in the path of the output')
  return path
}

/**
 * PBS Professional and OpenPBS, by their commands. Read from records of OpenPBS 23.06.06; run against an emulator, not against a real server.
 *
 * A job's environment is what the user's login shell makes, and `PBS_*`: without `-V` and `-v` nothing of the submitter's comes along.
 */
export const pbs = defineDriver({
  id: 'pbs',
  title: 'PBS Professional, OpenPBS',
  cautions: [
    'Not run against a real server: made from records of OpenPBS 23.06.06, and run against an emulator that prints the same.',
  ],
  secretChannel: 'script',
  jobsStartIn: 'home',
  cancelIgnoresName: true,
  outputIgnoresId: true,
  settings,
  jobOptions,
  environment: { keep: ['PBS_CONF_FILE', 'PBS_SERVER'] },
  submit: ({ name, script, resources, outputPath: output, requeue, options: chosen }, site) => ({
    file: command('qsub', site),
    args: [
      ...options({
        '-C': '', // no line of the script is an option
        '-N': name,
        '-S': '/bin/sh',
        '-j': 'oe',
        '-o': outputPath(output),
        '-m': 'n',
        '-r': requeue ? 'y' : 'n',
        '-q': chosen.queue,
        '-A': chosen.account,
        '-P': chosen.project,
      }),
      '-l',
      selectOf(resources, chosen.chunk, site),
      '-l',
      `walltime=${toWalltime(resources.wallSeconds)}`,
    ],
    stdin: script,
    as: 'owner',
  }),
  parseSubmit,
  list: (site) => ({ file: command('qstat', site), args: ['-f', '-F', 'json'], as: 'hub' }),
  parseList,
  cancel: (id, site) => ({ file: command('qdel', site), args: [id], as: 'owner' }),
  parseCancel,
  history: {
    command: (ids, site) => ({ file: command('qstat', site), args: ['-x', '-f', '-F', 'json', ...ids], as: 'hub' }),
    parse: parseHistory,
  },
  readLog: readOutputFile,
})

type Settings = z.output<typeof settings>

function selectOf(
  { cores, memoryMiB, gpus, gpuType }: { cores: number; memoryMiB: number; gpus: number; gpuType?: string },
  chunk: string | undefined,
  { gpuResource, gpuTypeResource }: Settings,
): string {
  if (gpuType !== undefined && gpuTypeResource === undefined)
    throw new SchedulerError('refused', 'this cluster cannot choose a model of GPU: set gpuTypeResource')
  const parts = [
    `select=1:ncpus=${cores}:mem=${memoryMiB}mb`,
    gpus > 0 ? `${gpuResource}=${gpus}` : undefined,
    gpus > 0 && gpuType !== undefined ? `${gpuTypeResource}=${gpuType}` : undefined,
    chunk,
  ]
  return parts.filter((part) => part !== undefined).join(':')
}
