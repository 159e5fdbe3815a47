import { z } from 'zod'
import { command, commandDirectory, options, word } from '../command-parts.ts'
import { defineDriver, type Resources, SchedulerError } from '../driver.ts'
import { toWalltime } from '../pbs/pbs.ts'
import { readOutputFile } from '../read-log.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'

const settings = z.strictObject({
  commandDirectory: commandDirectory('qsub, qstat and qdel'),
  server: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,252}$/, 'expected the name of a host')
    .describe('Host of pbs_server, if it is not the default one of the commands')
    .optional(),
})

// No "+" in `properties`: it would begin a second kind of nodes.
const jobOptions = z.strictObject({
  queue: z
    .string()
    .regex(/^[A-Za-z0-9_][\w.-]{0,127}$/, 'expected letters, digits and . _ -')
    .describe('Queue to submit to')
    .optional(),
  account: word('Account that is charged (qsub -A)'),
  qos: word('Quality of service, where the scheduler knows it (qsub -l qos=)'),
  properties: z
    .string()
    .regex(/^[A-Za-z][\w.-]*(?::[A-Za-z][\w.-]*){0,15}$/, 'expected properties, several with colons')
    .describe('Properties that the node must have, such as `bigmem` or `ib:skylake`')
    .optional(),
})

/** Torque takes what stands before a colon for the name of a host, and `$PBS_JOBID` for another path. */
function outputPath(path: string): string {
  if (/%j|[:$]/.test(path))
    throw new SchedulerError('refused', 'Torque takes no %j, colon or $ in the path of the output')
  return path
}

/**
 * Torque, by its commands. Read from records of Torque 6; run against an emulator, not against a real server.
 *
 * A job's environment is what the user's login shell makes, and `PBS_*`: without `-V` and `-v` nothing of the submitter's comes along.
 */
export const torque = defineDriver({
  id: 'torque',
  title: 'Torque',
  cautions: [
    'Not run against a real server: made from records of Torque 6, and run against an emulator that prints the same.',
  ],
  secretChannel: 'script',
  jobsStartIn: 'home',
  cancelIgnoresName: true,
  outputIgnoresId: true,
  settings,
  jobOptions,
  environment: { keep: ['PBS_DEFAULT', 'PBS_SERVER'] },
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
        '-q': destination(chosen.queue, site),
        '-A': chosen.account,
      }),
      ...['-l', nodesOf(resources, chosen.properties)],
      ...['-l', `mem=${resources.memoryMiB}mb`],
      ...['-l', `walltime=${toWalltime(resources.wallSeconds)}`],
      ...(chosen.qos === undefined ? [] : ['-l', `qos=${chosen.qos}`]),
    ],
    stdin: script,
    as: 'owner',
  }),
  parseSubmit,
  list: (site) => ({ file: command('qstat', site), args: ['-x', ...at(site)], as: 'hub' }),
  parseList,
  cancel: (id, site) => ({ file: command('qdel', site), args: [id], as: 'owner' }),
  parseCancel,
  history: {
    command: (ids, site) => ({ file: command('qstat', site), args: ['-x', ...ids], as: 'hub' }),
    parse: parseHistory,
  },
  readLog: readOutputFile,
})

type Settings = z.output<typeof settings>

/** `queue`, `queue@host`, `@host`, or nothing: the default queue. */
function destination(queue: string | undefined, { server }: Settings): string | undefined {
  if (server === undefined) return queue
  return `${queue ?? ''}@${server}`
}

const at = ({ server }: Settings): string[] => (server === undefined ? [] : [`@${server}`])

function nodesOf({ cores, gpus, gpuType }: Resources, properties: string | undefined): string {
  if (gpuType !== undefined)
    throw new SchedulerError('refused', 'Torque cannot choose a model of GPU: write its property under "properties"')
  const parts = [`nodes=1:ppn=${cores}`, gpus > 0 ? `gpus=${gpus}` : undefined, properties]
  return parts.filter((part) => part !== undefined).join(':')
}
