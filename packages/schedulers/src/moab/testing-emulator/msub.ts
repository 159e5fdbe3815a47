import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { jobFile, nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { startFollower } from '../../testing-emulator/run-command.ts'
import { classes, idOf, type MoabTable } from './job-table.ts'
import { schedule } from './schedule.ts'

const options = {
  E: { type: 'boolean', short: 'E' },
  V: { type: 'boolean', short: 'V' },
  h: { type: 'boolean', short: 'h' },
  N: { type: 'string', short: 'N' },
  S: { type: 'string', short: 'S' },
  d: { type: 'string', short: 'd' },
  j: { type: 'string', short: 'j' },
  o: { type: 'string', short: 'o' },
  m: { type: 'string', short: 'm' },
  r: { type: 'string', short: 'r' },
  q: { type: 'string', short: 'q' },
  A: { type: 'string', short: 'A' },
  l: { type: 'string', short: 'l', multiple: true },
} as const

/** `msub [OPTIONS]`, the script on standard input; options in the comments at its head count unless they are given. @throws {Failure} */
export function msub(args: readonly string[], table: MoabTable, place: Place): string {
  const script = readFileSync(0, 'utf8')
  const read = (words: readonly string[]) => parseArgs({ args: [...words], options }).values
  const own = read(args)
  const given = { ...read(directives(script)), ...own }
  const queue = given.q ?? classes[0] ?? ''
  if (!classes.includes(queue)) throw new Failure(1, `\nERROR:    job rejected: class '${queue}' does not exist`)
  const { cores, wallSeconds } = readResources((own.l ?? given.l ?? []).join(','))
  const at = nowSeconds()
  const job = table.locked(() => {
    const added = table.insert({
      name: given.N ?? 'STDIN',
      owner: place.account,
      home: place.home,
      state: 'Idle',
      hold: given.h ? 'User' : '',
      class: queue,
      account: given.A ?? '',
      directory: given.d ?? place.directory,
      output: given.o ?? '',
      environment: given.V ? ownEnvironment() : {},
      blockReason: '',
      cores,
      wallSeconds,
      slot: 0,
      completionCode: '',
      pid: 0,
      deletedBy: '',
      createdAt: at,
      modifiedAt: at,
      startedAt: 0,
      endedAt: 0,
    })
    writeFileSync(jobFile(place.folder, added.number, 'script'), script, { mode: 0o700 })
    if (!given.h) schedule(table)
    return added
  })
  startFollower(place, job.number)
  return `\n${idOf(job)}\n`
}

const ownEnvironment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]))

function directives(script: string): string[] {
  const head = /^(?:[ \t]*(?:#.*)?\n)*/.exec(script)?.[0] ?? ''
  return [...head.matchAll(/^#(?:PBS|MSUB)[ \t]+(.*)$/gm)].flatMap(([, words = '']) => words.trim().split(/\s+/))
}

/** `nodes=1:ppn=2:gpus=1,mem=500mb,walltime=300`. @throws {Failure} for a value that is none. */
function readResources(list: string): { readonly cores: number; readonly wallSeconds: number } {
  let [cores, wallSeconds] = [1, 0]
  for (const part of list.split(',')) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/s.exec(part) ?? []
    if (key === 'nodes') cores = Number(/:ppn=(\d+)/.exec(value)?.[1] ?? 1)
    if (key !== 'walltime') continue
    if (!/^\d+(?::\d\d){0,3}$/.test(value)) throw new Failure(1, `\nERROR:    invalid walltime '${value}' specified`)
    wallSeconds = value.split(':').reduce((sum, number) => sum * 60 + Number(number), 0)
  }
  return { cores, wallSeconds }
}
