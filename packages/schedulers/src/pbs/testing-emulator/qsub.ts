import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { type PbsJob, type PbsTable, queues, server } from './job-table.ts'
import { readResources } from './read-resources.ts'

const usage = `usage: qsub [-a date_time] [-A account_string] [-c interval]
	[-C directive_prefix] [-e path] [-f ] [-h ] [-I [-X]] [-j oe|eo] [-J X-Y[:Z]]
	[-k keep] [-l resource_list] [-m mail_options] [-M user_list]
	[-N jobname] [-o path] [-p priority] [-P project] [-q queue] [-r y|n]
	[-R o|e|oe] [-S path] [-u user_list] [-W otherattributes=value...]
	[-v variable_list] [-V ] [-z] [script | -- command [arg1 ...]]
       qsub --version`

const short = (name: string) => ({ type: 'string', short: name }) as const
const options = {
  a: short('a'),
  C: short('C'),
  J: short('J'),
  N: short('N'),
  S: short('S'),
  j: short('j'),
  o: short('o'),
  m: short('m'),
  r: short('r'),
  q: short('q'),
  v: short('v'),
  A: short('A'),
  P: short('P'),
  l: { type: 'string', short: 'l', multiple: true },
  h: { type: 'boolean', short: 'h' },
} as const

export interface Submitted {
  readonly job: PbsJob
  readonly script: string
}

/**
 * `qsub [OPTIONS] [SCRIPT | -- COMMAND…]`: puts a job into the table. Directives in the script are read unless `-C ''` says not to.
 * @throws {Failure} as the real one refuses.
 */
export function qsub(args: readonly string[], table: PbsTable, place: Place): Submitted {
  const read = (words: readonly string[]) => parseArgs({ args: [...words], options, allowPositionals: true })
  const { values: own, positionals } = read(args)
  const command = args.includes('--') ? positionals : []
  const file = command.length > 0 ? undefined : positionals[0]
  const script = command.length > 0 ? `#!/bin/sh\nexec ${command.join(' ')}\n` : readScript(file, place)
  const inScript = read(directives(script, own.C ?? '#PBS')).values
  const given = { ...inScript, ...own }
  const { N: name = file === undefined ? 'STDIN' : basename(file), q: queue = 'workq', J: array = '' } = given
  if (!/^[A-Za-z0-9_+-][\w.+-]{0,229}$/.test(name)) throw new Failure(2, `qsub: illegal -N value\n${usage}`)
  if (array !== '' && !given.h) throw new Failure(2, 'qsub: this emulator keeps arrays that are held, and runs none')
  const asked = readResources([...(inScript.l ?? []), ...(own.l ?? [])])
  if (!queues.includes(queue)) throw new Failure(170, 'qsub: Unknown queue')
  const at = nowSeconds()
  const notBefore = given.a === undefined ? 0 : nextTime(given.a, at)
  const state = given.h === true ? 'H' : notBefore > at ? 'W' : 'Q'
  const job = table.locked(() =>
    table.insert({
      name,
      owner: place.account,
      home: place.home,
      state,
      queue,
      ...asked,
      join: given.j ?? 'n',
      mail: given.m ?? 'a',
      output: given.o ?? '',
      rerunable: given.r !== 'n',
      submitArguments: args.join(' '),
      command,
      array,
      notBefore,
      variables: variablesOf(place, queue),
      comment: '',
      slot: 0,
      sessionId: 0,
      substate: { H: 20, W: 30, Q: 10 }[state],
      deletedBy: '',
      exitStatus: null,
      createdAt: at,
      modifiedAt: at,
      startedAt: 0,
      endedAt: 0,
    }),
  )
  return { job, script }
}

function readScript(file: string | undefined, { directory }: Place): string {
  try {
    return readFileSync(file === undefined ? 0 : resolve(directory, file), 'utf8')
  } catch {
    throw new Failure(1, 'qsub: script file:: No such file or directory')
  }
}

/** Options in the script. */
function directives(script: string, prefix: string): string[] {
  if (prefix === '') return []
  return script
    .split('\n')
    .filter((line) => line.startsWith(prefix))
    .flatMap((line) => line.slice(prefix.length).trim().split(/\s+/))
}

/** `hhmm`, the next time it is so late, in UTC. @throws {Failure} for the longer forms. */
function nextTime(text: string, now: number): number {
  const [, hour, minute] = /^([01]\d|2[0-3])([0-5]\d)$/.exec(text) ?? []
  if (hour === undefined) throw new Failure(2, `qsub: illegal -a value\n${usage}`)
  const day = 86_400
  const at = now - (now % day) + Number(hour) * 3600 + Number(minute) * 60
  return at > now ? at : at + day
}

const variablesOf = ({ account, home, directory, shell, path }: Place, queue: string): Record<string, string> => ({
  PBS_O_HOME: home,
  PBS_O_LANG: 'C.UTF-8',
  PBS_O_LOGNAME: account,
  PBS_O_PATH: path,
  PBS_O_MAIL: `/var/mail/${account}`,
  PBS_O_SHELL: shell,
  PBS_O_INTERACTIVE_AUTH_METHOD: 'resvport',
  PBS_O_INTERACTIVE_ENCRYPT_METHOD: '',
  PBS_O_WORKDIR: directory,
  PBS_O_SYSTEM: 'Linux',
  PBS_O_QUEUE: queue,
  PBS_O_HOST: server,
})
