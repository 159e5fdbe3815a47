import { z } from 'zod'
import { type Command, type Driver, defineDriver, type JobId, SchedulerError, toJobId } from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { type CommandTemplate, parseCommand, renderCommand } from './command-line.ts'
import { groupsOf, parseExpression, templateProblem } from './expressions.ts'
import { type CustomOptions, valuesOf } from './job-values.ts'
import { plainId, readerOf } from './read-answer.ts'
import {
  type CustomSettings,
  isByJob,
  neededOptions,
  optionNames,
  optionValue,
  settings,
  submitNames,
} from './settings.ts'
import { parseTemplate, render, type Values } from './template.ts'

const meanings: Readonly<Record<(typeof optionNames)[number], string>> = {
  queue: 'Value of {queue} in the script',
  partition: 'Value of {partition}',
  host: 'Value of {host}, such as the server in `-q {queue}@{host}`',
  account: 'Value of {account}: who is charged',
  qos: 'Value of {qos}',
  reservation: 'Value of {reservation}',
}
const optionFields = Object.fromEntries(
  optionNames.map((name) => [name, optionValue.describe(meanings[name]).optional()]),
)
const hostTemplate = z
  .string()
  .describe('Takes the place of the cluster’s execHostTemplate; `""`: the node is reached by its own name')
  .optional()

const anyOptions = z.strictObject({ ...optionFields, execHostTemplate: hostTemplate })

/** Options as one site's script and query need them. */
function optionsFor(site: CustomSettings) {
  const needed = neededOptions(site)
  const fields = Object.fromEntries(
    optionNames.map((name) => [
      name,
      needed.includes(name)
        ? z
            .string({
              error: `the script of the cluster uses {${name}}: write it here, or under "defaults" of the cluster`,
            })
            .pipe(optionValue)
        : optionValue.optional(),
    ]),
  )
  const pattern = parseExpression(site.execHost)
  const template = z.string().superRefine((text, context) => {
    const problem = text === '' || 'problem' in pattern ? null : templateProblem(text, groupsOf(pattern))
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })
  // With one query for all jobs nobody could tell of which profile a row is.
  return z.strictObject({ ...fields, ...(isByJob(site) && { execHostTemplate: template.optional() }) })
}

/** The settings were checked when they were read. */
function commandOf(written: string | readonly string[], names: readonly string[]): CommandTemplate {
  const parsed = parseCommand(written, names)
  if ('problem' in parsed) throw new SchedulerError('refused', `a command of the cluster ${parsed.problem}`)
  return parsed
}

function scriptOf(site: CustomSettings, values: Values, session: string): string {
  const lines = site.script.split('\n').flatMap((line) => {
    if (line.trim() === '{cmd}') return [session.replace(/\n$/, '')]
    const template = parseTemplate(line, submitNames)
    if ('problem' in template) throw new SchedulerError('refused', `the script of the cluster ${template.problem}`)
    return render(template, values) ?? []
  })
  return lines.join('\n').replace(/\n*$/, '\n')
}

/** The driver as one site's settings make it. */
function customFor(site: CustomSettings): Driver {
  const reader = readerOf(site)
  const submit = commandOf(site.submit, submitNames)
  const query = commandOf(site.query, ['job_id', 'username'])
  const cancel = commandOf(site.cancel, ['job_id'])
  const about = (command: CommandTemplate, id: JobId, account: string): Command => {
    if (!plainId.test(id)) throw new SchedulerError('refused', `not an id for a command: ${JSON.stringify(id)}`)
    return { ...renderCommand(command, { job_id: id, username: account }), as: 'owner' }
  }
  const nobody = 'nobody'
  return {
    ...basis,
    settings,
    jobOptions: optionsFor(site),
    environment: { keep: site.environment },
    submit(job) {
      const options: CustomOptions = anyOptions.parse(job.options)
      const values = valuesOf({ ...job, options }, site)
      return { ...renderCommand(submit, values), stdin: scriptOf(site, values, job.script), as: 'owner' }
    },
    parseSubmit: reader.submitted,
    // Of one job at a time nobody asks so; it says which program is needed.
    list: () => (isByJob(site) ? about(query, toJobId('0'), nobody) : { ...renderCommand(query, {}), as: 'hub' }),
    parseList: reader.list,
    cancel: (id) => about(cancel, id, nobody),
    parseCancel: reader.cancelled,
    ...(isByJob(site) && {
      query: {
        tellsName: site.name !== undefined,
        command: ({ id, account }) => about(query, id, account),
        parse: reader.job,
      },
    }),
  }
}

const basis = {
  id: 'custom',
  title: 'A scheduler by its commands',
  cautions: [
    'Does what the cluster’s settings say, and nothing else: it was run against an emulator of Torque. Try each profile of yours.',
  ],
  secretChannel: 'script',
  jobsStartIn: 'home',
  cancelIgnoresName: true,
  outputIgnoresId: true,
  wrapsScript: true,
  readLog: readOutputFile,
} as const

const unread = (): never => {
  throw new SchedulerError('unreadable', 'what a custom scheduler prints is read as the settings of its cluster say')
}

/**
 * Any scheduler that has a command to submit a script, one that tells a job's state, and one that ends a job: a template of the script, the
 * three commands, and expressions for what they print. All of it is configuration.
 */
export const custom = defineDriver({
  ...basis,
  settings,
  jobOptions: anyOptions,
  configured: customFor,
  submit: (job, site) => customFor(site).submit(job, site),
  parseSubmit: unread,
  list: (site) => customFor(site).list(site),
  parseList: unread,
  cancel: (id, site) => customFor(site).cancel(id, site),
  parseCancel: unread,
})
