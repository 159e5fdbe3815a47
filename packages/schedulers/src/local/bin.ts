#!/usr/bin/env node
/** The program of the local scheduler and of its clients. The only file here that touches argv and exit codes. */
import { availableParallelism, hostname, totalmem, userInfo } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { serve } from './serve.ts'
import { ask, NoReply, type Request } from './wire.ts'

const usage = `usage: bin serve   --state DIR [--cores N] [--memory MIB] [--slots N] [--grace SECONDS] [--patience SECONDS] [--no-memory-limit]
                   [--sudo --shepherd FILE] [--exchange DIR] [--allow-root] [--path PATH] [--keep SECONDS] [--keep-jobs N]
       bin submit  --state DIR --name TAG --account USER --cores N --memory MIB --time SECONDS --chdir DIR --output FILE [--gpus N]
                   (script on stdin; prints the job's id)
       bin list    --state DIR
       bin cancel  --state DIR [--name NAME] ID
       bin history --state DIR [--since MS] [--name TAG]... [ID]...
       bin info    --state DIR

--state DIR is the scheduler's own directory (mode 0700); its user alone can talk to it.
--sudo lets jobs run as other accounts by "sudo -n -u ACCOUNT -- FILE", where FILE runs the shepherd and takes no arguments.
--exchange DIR must then be reachable for all of them (DIR.exchange beside the state directory unless given).

exit codes: 0 done · 2 refused · 3 the scheduler is not there · 4 no such job waits or runs · 5 asked, but no reply came · 64 wrong usage · 70 failed
`

const exits = { refused: 2, unavailable: 3, 'unknown-job': 4, noReply: 5, usage: 64, failed: 70 } as const

const string = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const options = {
  state: string,
  cores: string,
  memory: string,
  slots: string,
  grace: string,
  patience: string,
  'no-memory-limit': flag,
  sudo: flag,
  shepherd: string,
  exchange: string,
  'allow-root': flag,
  path: string,
  keep: string,
  'keep-jobs': string,
  name: { type: 'string', multiple: true },
  account: string,
  gpus: string,
  time: string,
  chdir: string,
  output: string,
  since: string,
  help: { type: 'boolean', short: 'h' },
} as const

type Values = ReturnType<typeof parse>['values']
const parse = (args: string[]) => parseArgs({ args, options, allowPositionals: true })

class UsageError extends Error {}

function count(
  values: Values,
  name: 'cores' | 'memory' | 'slots' | 'grace' | 'patience' | 'keep' | 'keep-jobs' | 'gpus' | 'time' | 'since',
  otherwise?: number,
) {
  const value = values[name]
  if (value === undefined && otherwise !== undefined) return otherwise
  if (value === undefined || !/^\d{1,15}$/.test(value)) throw new UsageError(`--${name} must be a whole number`)
  return Number(value)
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args)
  const [verb, ...words] = positionals
  if (values.help || verb === undefined) {
    process.stdout.write(usage)
    return values.help ? 0 : exits.usage
  }
  const state = values.state
  if (state === undefined || !state.startsWith('/')) throw new UsageError('--state must be an absolute path')
  if (verb === 'serve') return runServer(state, values)
  const reply = await ask(state, await toRequest(verb, words, values))
  if (reply.ok) process.stdout.write(`${reply.text}\n`)
  else process.stderr.write(`${reply.words}\n`)
  return reply.ok ? 0 : exits[reply.kind]
}

async function toRequest(verb: string, words: string[], values: Values): Promise<Request> {
  switch (verb) {
    case 'submit':
      return {
        op: verb,
        name: values.name?.[0],
        account: values.account,
        cores: count(values, 'cores', 1),
        memoryMiB: count(values, 'memory'),
        gpus: count(values, 'gpus', 0),
        wallSeconds: count(values, 'time'),
        workdir: values.chdir,
        outputPath: values.output,
        script: await text(process.stdin),
      }
    case 'cancel':
      if (words.length !== 1) throw new UsageError('cancel takes one job id')
      return { op: verb, id: words[0], ...(values.name?.[0] !== undefined && { name: values.name[0] }) }
    case 'history':
      return { op: verb, ids: words, names: values.name ?? [], sinceMs: count(values, 'since', 0) }
    case 'list':
    case 'info':
      return { op: verb }
    default:
      throw new UsageError(`no such command: ${verb}`)
  }
}

async function runServer(state: string, values: Values): Promise<number> {
  const { uid, username: name } = userInfo()
  const sudo = values.sudo ?? false
  if (sudo && values.shepherd === undefined) throw new UsageError('--sudo needs --shepherd FILE')
  const cores = count(values, 'cores', availableParallelism())
  const ended = Promise.race(
    ['SIGTERM', 'SIGINT'].map((signal) => new Promise((resolve) => process.once(signal, resolve))),
  )
  process.umask(0o077)
  await using _ = await serve(state, {
    capacity: {
      cores,
      memoryMiB: count(values, 'memory', Math.floor(totalmem() / 2 ** 20)),
      slots: count(values, 'slots', cores),
    },
    exchange: values.exchange ?? (sudo ? `${state}.exchange` : join(state, 'exchange')),
    shepherd:
      values.shepherd === undefined ? [process.execPath, ...process.execArgv, besides('shepherd')] : [values.shepherd],
    sudo,
    allowRoot: values['allow-root'] ?? false,
    graceSeconds: count(values, 'grace', 10),
    patienceSeconds: count(values, 'patience', 30),
    watchMemory: !values['no-memory-limit'],
    keepSeconds: count(values, 'keep', 600),
    keepJobs: count(values, 'keep-jobs', 1_000),
    path: values.path ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    lang: process.env.LANG ?? 'C.UTF-8',
    self: { uid, name },
    host: hostname(),
    now: Date.now,
    log: (fields, message) =>
      process.stdout.write(`${JSON.stringify({ time: Date.now(), ...fields, msg: message })}\n`),
  })
  await ended // jobs run on; the next scheduler adopts them
  return 0
}

/** A program of this folder: TypeScript in a checkout, JavaScript when built. */
const besides = (program: string): string => join(import.meta.dirname, `${program}${import.meta.filename.slice(-3)}`)

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error)
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${isUsage ? 'Try --help.\n' : ''}`)
    process.exitCode = isUsage
      ? exits.usage
      : error instanceof NoReply
        ? error.sent
          ? exits.noReply
          : exits.unavailable
        : exits.failed
  },
)
