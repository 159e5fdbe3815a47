import { z } from 'zod'
import { command, commandDirectory, options, word } from '../command-parts.ts'
import { defineDriver, type Resources, SchedulerError } from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseHistoryByName } from './parse-history.ts'
import { parseList } from './parse-list.ts'
import { parseReasons } from './parse-reasons.ts'
import { parseSubmit } from './parse-submit.ts'
import { isInError } from './states.ts'

const resource = z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, 'expected the name of a resource')
const environmentName = z.string().regex(/^[A-Za-z0-9_][\w.+-]{0,63}$/, 'expected the name of a parallel environment')

const settings = z.strictObject({
  commandDirectory: commandDirectory('qsub, qstat, qdel and qacct'),
  parallelEnvironment: environmentName
    .describe('Parallel environment that gives several cores of one node (allocation rule $pe_slots)')
    .default('smp'),
  memoryResource: resource.describe('Name of the resource by which the site counts memory').default('mem_free'),
  memoryPer: z
    .enum(['job', 'slot'])
    .describe('What an amount of it is for: the whole job, or each slot (a consumable YES, as h_vmem often is)')
    .default('job'),
  gpuResource: resource.describe('Name of the resource by which the site counts GPUs').default('gpu'),
  gpuPer: z.enum(['job', 'slot']).describe('What a number of them is for').default('job'),
  gpuTypeResource: resource
    .describe('Name of the resource that holds the model of GPU of a node; without it a profile cannot ask for one')
    .optional(),
  verify: z
    .boolean()
    .describe(
      'Have Grid Engine refuse at once what it could not run if all were empty (qsub -w e). Not where memory is counted by what nodes measure, as mem_free is: that is not looked at then, and nothing would fit',
    )
    .default(false),
})

const jobOptions = z.strictObject({
  queue: z
    .string()
    .regex(
      /^[A-Za-z0-9_][\w.@-]{0,99}(?:,[A-Za-z0-9_][\w.@-]{0,99}){0,15}$/,
      'expected a queue, or several with commas',
    )
    .describe('Queue to submit to, also at one host or host group (`gpu.q@@nodes`); with several, any of them')
    .optional(),
  project: word('Project (qsub -P)'),
  account: word('Text in the accounts by which the job is charged (qsub -A)'),
  parallelEnvironment: environmentName.describe('Parallel environment, if it is not the one of the cluster').optional(),
  resources: z
    .string()
    .regex(
      /^[A-Za-z][\w.-]*=[\w.@*:+-]+(?:,[A-Za-z][\w.-]*=[\w.@*:+-]+){0,15}$/,
      'expected resource=value, several with commas',
    )
    .describe('Further resources (qsub -l), such as `os=rhel9`')
    .optional(),
})

/** A comma begins another path, a colon ends the name of a host, and `$HOME` and its like are replaced; so `%j` can be the job's id. */
function outputPath(path: string): string {
  if (/[:,$]/.test(path))
    throw new SchedulerError('refused', 'Grid Engine takes no colon, comma or $ in the path of the output')
  return path.replaceAll('%j', '$JOB_ID')
}

/**
 * Grid Engine (Son of Grid Engine 8.1.9, recorded and run; Open and Univa's by their manuals), by its commands.
 *
 * A node keeps the script of a running job where everybody on it can read it: what is in it is not private. A script that ends with 99
 * is started again, and one that ends with 100 is set into an error state, whatever `-r` says; ours ends with neither.
 *
 * `-notify`: without it `qdel` and the end of the walltime are a SIGKILL at once; with it SIGUSR2 comes before, by the time that the queue's
 * `notify` says. A SIGUSR1, then, is the warning that the job is about to be suspended.
 */
export const gridEngine = defineDriver({
  id: 'grid-engine',
  title: 'Grid Engine',
  secretChannel: 'log',
  cancelIgnoresName: true,
  forgetsUnstarted: true,
  settings,
  jobOptions,
  environment: { keep: ['SGE_ROOT', 'SGE_CELL', 'SGE_QMASTER_PORT', 'SGE_EXECD_PORT', 'SGE_CLUSTER_NAME'] },
  submit: ({ name, script, resources, workdir, outputPath: output, requeue, options: chosen }, site) => ({
    file: command('qsub', site),
    args: [
      '-terse',
      '-notify',
      ...options({
        '-C': '', // no line of the script is an option
        '-N': name,
        '-S': '/bin/sh',
        '-b': 'n',
        '-j': 'y',
        '-o': outputPath(output),
        '-wd': workdir,
        '-m': 'n',
        '-r': requeue ? 'y' : 'n',
        '-w': site.verify ? 'e' : undefined,
        '-q': chosen.queue,
        '-P': chosen.project,
        '-A': chosen.account,
      }),
      ...(resources.cores > 1
        ? ['-pe', chosen.parallelEnvironment ?? site.parallelEnvironment, String(resources.cores)]
        : []),
      '-l',
      resourcesOf(resources, chosen.resources, site),
    ],
    stdin: script,
    as: 'owner',
  }),
  parseSubmit,
  // Asked for by the letters of the states: a file `sge_qstat` of the site may show less by itself.
  list: (site) => ({ file: command('qstat', site), args: ['-s', 'a', '-u', '*', '-r', '-xml'], as: 'hub' }),
  parseList,
  explain: {
    needs: ({ rawState }) => isInError(rawState),
    command: (ids, site) => ({ file: command('qstat', site), args: ['-j', ids.join(','), '-xml'], as: 'hub' }),
    parse: parseReasons,
  },
  cancel: (id, site) => ({ file: command('qdel', site), args: [id], as: 'owner' }),
  parseCancel,
  history: {
    atOnce: 1,
    command: ([id = ''], site) => ({ file: command('qacct', site), args: ['-j', id.replace(/\..*/, '')], as: 'hub' }),
    parse: parseHistory,
  },
  historyByName: {
    atOnce: 1,
    command: ([name = ''], _sinceMs, site) => ({ file: command('qacct', site), args: ['-j', name], as: 'hub' }),
    parse: parseHistoryByName,
  },
  readLog: readOutputFile,
})

type Settings = z.output<typeof settings>

function resourcesOf(wanted: Resources, further: string | undefined, site: Settings): string {
  const { cores, memoryMiB, gpus, gpuType, wallSeconds } = wanted
  const memory = site.memoryPer === 'slot' ? Math.ceil(memoryMiB / cores) : memoryMiB
  if (gpuType !== undefined && site.gpuTypeResource === undefined)
    throw new SchedulerError('refused', 'this cluster cannot choose a model of GPU: set gpuTypeResource')
  if (site.gpuPer === 'slot' && gpus % cores !== 0)
    throw new SchedulerError('refused', `this cluster counts GPUs by core: ${gpus} cannot be shared by ${cores} cores`)
  const parts = [
    `h_rt=${wallSeconds}`,
    `${site.memoryResource}=${memory}M`,
    gpus > 0 ? `${site.gpuResource}=${site.gpuPer === 'slot' ? gpus / cores : gpus}` : undefined,
    gpus > 0 && gpuType !== undefined ? `${site.gpuTypeResource}=${gpuType}` : undefined,
    further,
  ]
  return parts.filter((part) => part !== undefined).join(',')
}
