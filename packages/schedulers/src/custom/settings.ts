import { z } from 'zod'
import { parseCommand } from './command-line.ts'
import { groupsOf, parseExpression, templateProblem } from './expressions.ts'
import { parseTemplate, variablesOf } from './template.ts'

/** What a site may leave to profiles. @see job-values.ts for what they hold */
export const optionNames = ['queue', 'partition', 'host', 'account', 'qos', 'reservation'] as const
/** What follows from the request. */
const requestNames = [
  'username',
  'job_name',
  'cores',
  'nprocs',
  'memory',
  'memory_mib',
  'gpus',
  'gpu_type',
  'runtime',
  'runtime_seconds',
  'runtime_minutes',
  'homedir',
  'workdir',
  'output',
] as const
export const submitNames: readonly string[] = [...requestNames, ...optionNames]
const jobNames: readonly string[] = ['job_id', 'username']

const command = (description: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)])
    .describe(`${description} A line that is split at blanks, or a list of arguments; no shell reads it`)
const expression = (description: string) =>
  z.string().min(1, 'write an expression, or leave it out').describe(description)

/** The value that one of a profile's options, or the cluster's default for it, may have: nothing in it is read by a shell or as a directive. */
export const optionValue = z
  .string()
  .regex(
    /^[A-Za-z0-9_/][\w.@+:=,/%-]{0,127}$/,
    'write letters, digits and . _ @ + : = , / % -, no blank, and no "-" first',
  )

/** Names of these settings elsewhere. */
const traits: Readonly<Record<string, string>> = {
  batch_script: 'script',
  batch_submit_cmd: 'submit',
  batch_query_cmd: 'query',
  batch_cancel_cmd: 'cancel',
  state_pending_re: 'pending',
  state_running_re: 'running',
  state_unknown_re: 'unknown',
  state_exechost_re: 'execHost',
  state_exechost_exp: 'execHostTemplate',
  exec_prefix: 'transport: sudo (at the cluster)',
}

const otherwise = (keys: readonly string[]): string | undefined => {
  const known = keys.filter((key) => traits[key] !== undefined)
  return known.length === 0
    ? undefined
    : known.map((key) => `${key} is called otherwise here: write ${traits[key]}`).join('; ')
}

const fields = z.strictObject(
  {
    script: z
      .string()
      .describe('The job’s script: the site’s directives, and {cmd} on a line of its own, where the session starts'),
    submit: command('Takes the script by standard input and prints the job’s id.'),
    query: command('Tells the state of {job_id}, asked as its owner; or, without {job_id}, of all jobs in one call.'),
    cancel: command('Ends {job_id}, called as its owner.'),
    pending: expression('What the query says of a job that waits'),
    running: expression('What the query says of a job that runs'),
    execHost: expression('Where the query names the node: its first group'),
    execHostTemplate: z
      .string()
      .describe(
        'The name under which the proxy reaches that node, if it is another: `int-\\1.example.org`; `""` (also at a profile) for the node’s own',
      )
      .optional(),
    unknown: expression('What the query says when it cannot tell').optional(),
    held: expression('What the query says of a job that waits for a person').optional(),
    ended: expression('What the query says of a job that has ended').optional(),
    cancelled: expression('What it says of one that has ended since somebody cancelled it').optional(),
    exitStatus: expression('Where it tells the exit status of one that has ended: its first group').optional(),
    gone: expression('What query and cancel say, and fail, when there is no such job (any more)').default(
      'unknown job ?id|non-?existent job|invalid job ?id|no such job|job \\S{1,64} (?:does not exist|not found)|job has finished|state for job - COMPLETE',
    ),
    jobId: expression(
      'Where the submit prints the id: its first group; the last line that is one word if absent',
    ).optional(),
    name: expression('Where the query tells the job’s name: its first group').optional(),
    record: expression('With a query of all jobs: what stands for one job').optional(),
    complete: expression('With a query of all jobs: what its whole answer holds, such as the last tag').optional(),
    defaults: z
      .strictObject(Object.fromEntries(optionNames.map((name) => [name, optionValue.optional()])))
      .describe('Values of {queue}, {partition}, {host}, {account}, {qos}, {reservation} where a profile has none')
      .optional(),
    environment: z
      .array(z.string().regex(/^[A-Za-z_]\w{0,63}$/, 'write the name of a variable'))
      .describe('Variables of the hub’s environment that the commands need, such as PBS_DEFAULT')
      .default([]),
  },
  { error: (issue) => (issue.code === 'unrecognized_keys' ? otherwise(issue.keys) : undefined) },
)

export type CustomSettings = z.output<typeof fields>

export const isByJob = ({ query }: Pick<CustomSettings, 'query'>): boolean =>
  [query].flat().join(' ').includes('{job_id}')

const expressions = [
  'pending',
  'running',
  'execHost',
  'unknown',
  'held',
  'ended',
  'cancelled',
  'exitStatus',
  'gone',
  'jobId',
  'name',
  'record',
  'complete',
] as const
const withGroup: readonly string[] = ['execHost', 'exitStatus', 'jobId', 'name']

function* findProblems(site: CustomSettings): Iterable<readonly [field: string, message: string]> {
  yield* scriptProblems(site.script).map((message) => ['script', message] as const)
  for (const [field, names] of [
    ['submit', submitNames],
    ['query', jobNames],
    ['cancel', ['job_id']],
  ] as const) {
    const parsed = parseCommand(site[field], names)
    if ('problem' in parsed) yield [field, parsed.problem]
  }
  if (![site.cancel].flat().join(' ').includes('{job_id}'))
    yield ['cancel', 'names no job: write {job_id} where the id stands']
  for (const field of expressions) {
    const written = site[field]
    if (written === undefined) continue
    const pattern = parseExpression(written)
    if ('problem' in pattern) yield [field, pattern.problem]
    else if (withGroup.includes(field) && groupsOf(pattern) === 0)
      yield [field, 'has no group: put (…) around what it is to find']
    else if (field !== 'complete' && pattern.test(''))
      yield [field, 'matches a text that says nothing: write what the command prints']
    if (field !== 'execHost' || 'problem' in pattern || !site.execHostTemplate) continue
    const problem = templateProblem(site.execHostTemplate, groupsOf(pattern))
    if (problem !== null) yield ['execHostTemplate', problem]
  }
  if (isByJob(site)) {
    for (const field of ['record', 'complete'] as const)
      if (site[field] !== undefined) yield [field, 'is for a query of all jobs: remove it, or {job_id} from the query']
  } else {
    const why = 'is needed where the query tells of all jobs: without it nobody knows which is which'
    if (site.name === undefined) yield ['name', why]
    if (site.jobId === undefined) yield ['jobId', `${why}. It is used on what the submit prints and on each record`]
  }
}

function scriptProblems(script: string): string[] {
  const lines = script.split('\n')
  const at = lines.findIndex((line) => line.trim() === '{cmd}')
  const places = script.split('{cmd}').length - 1
  const parsed = parseTemplate(script.replaceAll('{cmd}', ''), submitNames)
  const after = at === -1 ? [] : lines.slice(at + 1).filter((line) => !/^\s*(?:#.*)?$/.test(line))
  return [
    ...(script.startsWith('#!/') ? [] : ['does not begin with a line such as #!/bin/sh']),
    ...(/[\0-\x08\x0b-\x1f\x7f]/.test(script) ? ['holds a control character'] : []),
    ...('problem' in parsed ? [parsed.problem] : []),
    ...(at === -1 || places !== 1 ? ['must hold {cmd} once, on a line of its own: there the session starts'] : []),
    ...(after.length > 0
      ? [`has lines after {cmd}, which would never run: ${JSON.stringify(after[0]?.slice(0, 60))}`]
      : []),
  ]
}

/** Variables that a profile has to give: the script or the submit command uses them, and the cluster has no default. */
export function neededOptions({ script, submit, defaults = {} }: CustomSettings): readonly string[] {
  const template = parseTemplate(`${script.replaceAll('{cmd}', '')} ${[submit].flat().join(' ')}`, submitNames)
  if ('problem' in template) return []
  const given: Readonly<Record<string, unknown>> = defaults
  const names = variablesOf(template).flatMap(({ name, isOptional }) => (isOptional ? [] : [name]))
  return optionNames.filter((name) => names.includes(name) && given[name] === undefined)
}

export const settings = fields.superRefine((site, context) => {
  for (const [field, message] of findProblems(site)) context.addIssue({ code: 'custom', path: [field], message })
})
