import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { coresOf, type ServerState, server, type TorqueJob, type TorqueTable, wallSecondsOf } from './job-table.ts'

const short = (name: string) => ({ type: 'string' as const, short: name })
const flag = (name: string) => ({ type: 'boolean' as const, short: name })
const known = {
  a: short('a'),
  A: short('A'),
  C: short('C'),
  N: short('N'),
  S: short('S'),
  j: short('j'),
  o: short('o'),
  m: short('m'),
  r: short('r'),
  q: short('q'),
  t: short('t'),
  v: short('v'),
  l: { type: 'string', short: 'l', multiple: true },
  h: flag('h'),
} as const satisfies ParseArgsConfig['options']

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: known })
  } catch {
    throw new Failure(2, 'qsub: invalid option')
  }
}

export interface Submitted {
  readonly job: TorqueJob
  readonly script: string
}

/** `qsub [OPTIONS] [SCRIPT]`. Directives in the script are read unless `-C ''` says not to. @throws {Failure} as the real one refuses. */
export function qsub(args: readonly string[], table: TorqueTable, place: Place, state: ServerState): Submitted {
  const { values, positionals } = read(args)
  const [file] = positionals
  const script = readScript(file, place)
  const head = read(directives(script, values.C ?? '#PBS')).values
  const given = { ...head, ...values }
  const [queue = ''] = (given.q ?? '').split('@')
  const name = given.N ?? (file === undefined ? 'STDIN' : basename(file))
  const asked = merged(resourcesOf(head.l ?? []), resourcesOf(values.l ?? []))
  if (queue !== '' && !state.queues.some((one) => one.name === queue))
    throw new Failure(172, 'qsub: submit error (Unknown queue MSG=requested queue not found)')
  if (coresOf(asked) > state.cores)
    throw new Failure(
      190,
      'qsub: submit error (Job exceeds queue resource limits MSG=cannot locate feasible nodes (nodes file is empty, all systems are busy, or no nodes have the requested feature))',
    )
  const at = nowSeconds()
  const waitsUntil = given.a === undefined ? 0 : timeOf(given.a, at)
  const first = given.h === true ? 'H' : waitsUntil > at ? 'W' : 'Q'
  const chosen = queue === '' ? 'batch' : queue
  const job = table.locked(() => {
    const added = table.insert({
      name,
      owner: place.account,
      home: place.home,
      state: first,
      queue: chosen,
      asked,
      join: given.j ?? 'n',
      mail: given.m ?? 'a',
      output: given.o ?? '',
      rerunable: given.r !== 'n',
      account: given.A ?? '',
      submitArguments: args.join(' '),
      variables: variablesOf(place, chosen, given.v),
      array: given.t ?? '',
      comment: '',
      slots: [],
      sessionId: 0,
      startCount: 0,
      deletedBy: '',
      cores: coresOf(asked),
      wallSeconds: wallSecondsOf(asked),
      isMeasured: false,
      exitStatus: null,
      createdAt: at,
      modifiedAt: at,
      eligibleAt: first === 'Q' ? at : 0,
      waitsUntil: first === 'W' ? waitsUntil : 0,
      startedAt: 0,
      endedAt: 0,
    })
    return added
  })
  return { job, script }
}

function readScript(file: string | undefined, { directory }: Place): string {
  try {
    return readFileSync(file === undefined ? 0 : `${directory}/${file}`, 'utf8')
  } catch {
    throw new Failure(1, `qsub: script file '${file}' cannot be loaded - No such file or directory`)
  }
}

/** Options in the head of the script: up to its first line that is no comment. */
function directives(script: string, prefix: string): string[] {
  if (prefix === '') return []
  const lines = script.split('\n')
  const end = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#'))
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .filter((line) => line.startsWith(prefix))
    .flatMap((line) => line.slice(prefix.length).trim().split(/\s+/))
}

type Asked = readonly (readonly [name: string, value: string])[]

const resources = new Set([
  'nodes',
  'mem',
  'vmem',
  'pmem',
  'walltime',
  'cput',
  'ncpus',
  'procs',
  'qos',
  'gres',
  'feature',
])

/** @throws {Failure} for a resource that the server does not know, or a value that is none. */
function resourcesOf(lists: readonly string[]): Asked {
  return lists
    .flatMap((list) => list.split(','))
    .map((one) => {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(one) ?? []
      if (!resources.has(name))
        throw new Failure(189, `qsub: submit error (Unknown resource type  Resource_List.${name})`)
      if (name === 'walltime' && !/^\d+(?::\d\d){0,2}$/.test(value))
        throw new Failure(168, 'qsub: submit error (Illegal attribute or resource value for Resource_List.walltime)')
      return [name, value] as const
    })
}

/** Options take the place of directives, and stand behind them. */
const merged = (head: Asked, options: Asked): Asked => [
  ...head.filter(([name]) => !options.some(([other]) => other === name)),
  ...options,
]

/** `hhmm`, in UTC: today, or tomorrow if that is over. */
function timeOf(text: string, at: number): number {
  const [, hours, minutes] = /^(\d\d)(\d\d)$/.exec(text) ?? []
  if (hours === undefined) throw new Failure(2, 'qsub: illegal -a value')
  const midnight = Math.floor(at / 86_400) * 86_400
  const time = midnight + Number(hours) * 3600 + Number(minutes) * 60
  return time > at ? time : time + 86_400
}

function variablesOf({ account, home, directory, shell, path }: Place, queue: string, more: string | undefined) {
  const named = (more ?? '').split(',').flatMap((one): [string, string][] => {
    const [, name = '', value] = /^(\w+)(?:=(.*))?$/s.exec(one) ?? []
    return name === '' ? [] : [[name, value ?? process.env[name] ?? '']]
  })
  return {
    ...Object.fromEntries(named),
    PBS_O_QUEUE: queue,
    PBS_O_HOME: home,
    PBS_O_LOGNAME: account,
    PBS_O_PATH: path,
    PBS_O_MAIL: `/var/mail/${account}`,
    PBS_O_SHELL: shell,
    PBS_O_LANG: 'C.UTF-8',
    PBS_O_WORKDIR: directory,
    PBS_O_HOST: server,
    PBS_O_SERVER: server,
  }
}
