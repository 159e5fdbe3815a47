import { z } from 'zod'
import { command, commandDirectory, options, word } from '../command-parts.ts'
import { defineDriver, type JobId, type Resources, SchedulerError } from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'

const settings = z.strictObject({
  commandDirectory: commandDirectory('msub, mdiag, showq and mjobctl'),
})

const jobOptions = z.strictObject({
  queue: word('Class (queue) to submit to'),
  account: word('Account that is charged (msub -A)'),
  qos: word('Quality of service'),
  partition: word('Partition: which of the resource managers below Moab'),
  features: z
    .string()
    .regex(/^[A-Za-z]\w*(?::[A-Za-z]\w*){0,15}$/, 'expected features, several with colons')
    .describe('Features that the node must have, such as `haswell` or `ib:bigmem`')
    .optional(),
})

/**
 * Moab Workload Manager, by its commands. Made from its manuals and from outputs that others published; run against an emulator, not
 * against a real server.
 *
 * A job's environment is what the resource manager below makes: without `-V` and `-v` nothing of the submitter's comes along. `-E` adds
 * `MOAB_JOBID`, without which a job knows the resource manager's id of it alone.
 */
export const moab = defineDriver({
  id: 'moab',
  title: 'Moab Workload Manager',
  cautions: [
    'Not run against a real server: made from the manuals of Moab and published outputs, and run against an emulator.',
  ],
  secretChannel: 'log', // who may see a script depends on the site’s levels, and on what stands below Moab
  cancelIgnoresName: true,
  outputIgnoresId: true,
  settings,
  jobOptions,
  environment: { keep: ['MOABHOMEDIR'] },
  submit: ({ name, script, resources, workdir, outputPath, requeue, options: chosen }, site) => ({
    file: command('msub', site),
    args: [
      '-E',
      ...options({
        '-N': name,
        '-S': '/bin/sh',
        '-d': plainPath(workdir),
        '-j': 'oe',
        '-o': plainPath(outputPath),
        '-m': 'n',
        '-r': requeue ? 'y' : 'n',
        '-q': chosen.queue,
        '-A': chosen.account,
      }),
      '-l',
      `${nodesOf(resources, chosen.features)},mem=${resources.memoryMiB}mb,walltime=${resources.wallSeconds}`,
      ...(chosen.qos === undefined ? [] : ['-l', `qos=${chosen.qos}`]),
      ...(chosen.partition === undefined ? [] : ['-l', `partition=${chosen.partition}`]),
    ],
    stdin: withoutDirectives(script),
    as: 'owner',
  }),
  parseSubmit,
  list: (site) => ({ file: command('mdiag', site), args: ['-j', '--xml'], as: 'hub' }),
  parseList,
  cancel: (id, site) => ({ file: command('mjobctl', site), args: ['-c', oneJob(id)], as: 'owner' }),
  parseCancel,
  history: {
    command: (_ids, site) => ({ file: command('showq', site), args: ['-c', '--xml'], as: 'hub' }),
    parse: parseHistory,
  },
  readLog: readOutputFile,
})

const nodesOf = ({ cores, gpus, gpuType }: Resources, features: string | undefined): string =>
  [`nodes=1:ppn=${cores}`, gpus > 0 ? `gpus=${gpus}` : undefined, gpus > 0 ? gpuType : undefined, features]
    .filter((part) => part !== undefined)
    .join(':')

/** msub reads options in the comments at the head of a script. Ours has none. */
function withoutDirectives(script: string): string {
  const head = /^(?:[ \t]*(?:#.*)?\n)*/.exec(script)?.[0] ?? ''
  if (/^[ \t]*#(?:PBS|MSUB)\b/m.test(head))
    throw new SchedulerError('refused', 'Moab would read a line of the job script as its own')
  return script
}

/** What stands before a colon is the name of a host to the resource managers below, and `$PBS_JOBID` and its like are replaced. */
function plainPath(path: string): string {
  if (/%j|[:$^]/.test(path)) throw new SchedulerError('refused', 'Moab takes no %j, colon, $ or ^ in a path')
  return path
}

/** With any of these characters an id would be a pattern, for whatever jobs it fits. */
function oneJob(id: JobId): string {
  if (/[[\]\\*?^$,]/.test(id)) throw new SchedulerError('refused', `Moab would read ${id} as a pattern`)
  return id
}
