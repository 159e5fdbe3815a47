import { readFileSync, writeFileSync } from 'node:fs'
import { jobFile, nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { startFollower } from '../../testing-emulator/run-command.ts'
import { type LsfTable, queues } from './job-table.ts'
import { schedule } from './schedule.ts'

/** Options with a value, and flags, of those that are emulated. */
const valued = new Set([
  '-J',
  '-n',
  '-R',
  '-M',
  '-W',
  '-o',
  '-oo',
  '-cwd',
  '-env',
  '-gpu',
  '-q',
  '-P',
  '-app',
  '-m',
  '-G',
])
const flags = new Set(['-r', '-rn', '-H'])

/** `bsub [OPTIONS] [COMMAND…]`; without a command it is the script on standard input, whose lines `#BSUB` are options too. @throws {Failure} */
export function bsub(args: readonly string[], table: LsfTable, place: Place): string {
  const { given, command } = readOptions(args)
  const script = command.length > 0 ? `#!/bin/sh\n${command.join(' ')}\n` : readFileSync(0, 'utf8')
  if (script.trim() === '') throw new Failure(255, 'No command is specified. Job not submitted.')
  const chosen = new Map([...directives(command.length > 0 ? '' : script), ...given])
  const isDefault = !chosen.has('-q')
  const queue = chosen.get('-q') ?? queues[0] ?? ''
  if (!queues.includes(queue)) throw new Failure(255, `${queue}: No such queue. Job not submitted.`)
  const at = nowSeconds()
  const job = table.locked(() => {
    const added = table.insert({
      name: chosen.get('-J') ?? script.split('\n')[0] ?? '',
      owner: place.account,
      home: place.home,
      state: chosen.has('-H') ? 'PSUSP' : 'PEND',
      queue,
      command: script.trimEnd().replaceAll('\n', ';'),
      directory: chosen.get('-cwd') ?? place.directory,
      output: chosen.get('-oo') ?? chosen.get('-o') ?? '',
      environment: chosen.get('-env') === 'none' ? {} : ownEnvironment(),
      cores: Number(chosen.get('-n') ?? 1),
      memoryMiB: readMemory(chosen.get('-M') ?? '0'),
      wallSeconds: readLimit(chosen.get('-W') ?? '0'),
      reason: chosen.has('-H') ? 'Job was suspended by the user while pending;' : 'New job is waiting for scheduling;',
      slot: 0,
      exitCode: null,
      exitReason: '',
      pid: 0,
      deletedBy: '',
      createdAt: at,
      modifiedAt: at,
      startedAt: 0,
      endedAt: 0,
    })
    writeFileSync(jobFile(place.folder, added.number, 'script'), script, { mode: 0o700 })
    schedule(table)
    return added
  })
  startFollower(place, job.number)
  return `Job <${job.number}> is submitted to ${isDefault ? 'default ' : ''}queue <${queue}>.\n`
}

const ownEnvironment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]))

function readOptions(args: readonly string[]): { given: Map<string, string>; command: readonly string[] } {
  const given = new Map<string, string>()
  const rest = [...args]
  while (rest[0]?.startsWith('-')) {
    const option = rest.shift() ?? ''
    if (flags.has(option)) given.set(option, '')
    else if (valued.has(option)) given.set(option, rest.shift() ?? '')
    else throw new Failure(255, `${option}: Illegal option. Job not submitted.`)
  }
  return { given, command: rest }
}

function directives(script: string): Map<string, string> {
  const words = script
    .split('\n')
    .filter((line) => line.startsWith('#BSUB'))
    .flatMap((line) => line.slice('#BSUB'.length).trim().split(/\s+/))
  return readOptions(words).given
}

/** Bare numbers are kilobytes, as in a cluster without LSF_UNIT_FOR_LIMITS. */
function readMemory(text: string): number {
  const [, amount, unit = 'KB'] = /^(\d+)(KB|MB|GB)?$/.exec(text) ?? []
  if (amount === undefined) throw new Failure(255, `${text}: Illegal memory limit. Job not submitted.`)
  return Number(amount) / { KB: 1024, MB: 1, GB: 1 / 1024 }[unit as 'KB' | 'MB' | 'GB']
}

/** `[hours:]minutes` → seconds. */
function readLimit(text: string): number {
  if (!/^\d+(?::\d+)?$/.test(text)) throw new Failure(255, `${text}: Illegal run time limit. Job not submitted.`)
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 60
}
