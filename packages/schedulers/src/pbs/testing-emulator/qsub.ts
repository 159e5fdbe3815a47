import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { jobFile, nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { startFollower } from '../../testing-emulator/run-command.ts'
import { type PbsTable, queues, server } from './job-table.ts'
import { schedule } from './schedule.ts'

const usage = `usage: qsub [-a date_time] [-A account_string] [-c interval]
	[-C directive_prefix] [-e path] [-f ] [-h ] [-I [-X]] [-j oe|eo] [-J X-Y[:Z]]
	[-k keep] [-l resource_list] [-m mail_options] [-M user_list]
	[-N jobname] [-o path] [-p priority] [-P project] [-q queue] [-r y|n]
	[-R o|e|oe] [-S path] [-u user_list] [-W otherattributes=value...]
	[-v variable_list] [-V ] [-z] [script | -- command [arg1 ...]]
       qsub --version`

/** `qsub [OPTIONS] [SCRIPT]`. Directives in the script are read unless `-C ''` says not to. @throws {Failure} as the real one refuses. */
export function qsub(args: readonly string[], table: PbsTable, place: Place): string {
  const short = (name: string) => ({ type: 'string' as const, short: name })
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      C: short('C'),
      N: short('N'),
      S: short('S'),
      j: short('j'),
      o: short('o'),
      m: short('m'),
      r: short('r'),
      q: short('q'),
      A: short('A'),
      P: short('P'),
      l: { type: 'string', short: 'l', multiple: true },
      h: { type: 'boolean', short: 'h' },
    },
  })
  const [file] = positionals
  const script = readScript(file)
  const given = { ...directives(script, values.C ?? '#PBS'), ...values }
  const { N: name = file === undefined ? 'STDIN' : basename(file), q: queue = 'workq' } = given
  if (!/^[A-Za-z0-9_+-][\w.+-]{0,229}$/.test(name)) throw new Failure(2, `qsub: illegal -N value\n${usage}`)
  const asked = readResources(given.l ?? [])
  if (!queues.includes(queue)) throw new Failure(170, 'qsub: Unknown queue')
  const at = nowSeconds()
  const { account, home } = place
  const job = table.locked(() => {
    const added = table.insert({
      name,
      owner: account,
      home,
      state: given.h === true ? 'H' : 'Q',
      queue,
      ...asked,
      join: given.j ?? 'n',
      mail: given.m ?? 'a',
      output: given.o ?? '',
      rerunable: given.r !== 'n',
      submitArguments: args.join(' '),
      variables: variablesOf(place, queue),
      comment: '',
      slot: 0,
      sessionId: 0,
      substate: given.h === true ? 20 : 10,
      deletedBy: '',
      exitStatus: null,
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
  return `${job.number}.${server}\n`
}

function readScript(file: string | undefined): string {
  try {
    return readFileSync(file ?? 0, 'utf8')
  } catch {
    throw new Failure(1, 'qsub: script file:: No such file or directory')
  }
}

interface Directives {
  readonly N?: string
  readonly q?: string
  readonly h?: boolean
}

/** Options in the head of the script, of those that a submit of ours must not take from there. */
function directives(script: string, prefix: string): Directives {
  if (prefix === '') return {}
  const found: { N?: string; q?: string; h?: boolean } = {}
  for (const line of script.split('\n')) {
    if (!line.startsWith(prefix)) continue
    const [option, value] = line.slice(prefix.length).trim().split(/\s+/)
    if (option === '-N' && value !== undefined) found.N = value
    if (option === '-q' && value !== undefined) found.q = value
    if (option === '-h') found.h = true
  }
  return found
}

const resources = new Set(['ncpus', 'mem', 'ngpus', 'mpiprocs', 'ompthreads', 'host', 'vnode'])

/** @throws {Failure} for a resource that the server does not know, or a value that is none. */
function readResources(lists: readonly string[]) {
  let [cores, memory, wallSeconds, gpus, chunk] = [1, '', 0, 0, '1:ncpus=1']
  for (const list of lists) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/s.exec(list) ?? []
    if (key === 'walltime') {
      if (!/^\d+(:\d\d){0,2}$/.test(value))
        throw new Failure(166, 'qsub: Illegal attribute or resource value Resource_List.walltime')
      wallSeconds = value.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
    } else if (key === 'select') {
      chunk = value
      for (const part of value.split(':').slice(1)) {
        const [resource = '', amount = ''] = part.split('=')
        if (!resources.has(resource)) throw new Failure(187, `qsub: Unknown resource: ${resource}`)
        if (resource === 'ncpus') cores = Number(amount)
        if (resource === 'mem') memory = amount
        if (resource === 'ngpus') gpus = Number(amount)
      }
    }
  }
  return { cores, memory, wallSeconds, gpus, chunk }
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
