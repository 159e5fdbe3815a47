/** Asks this host all questions of `init`. Nothing is changed. */
import { execFile } from 'node:child_process'
import { accessSync, constants, globSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, homedir, hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { isSystemUid, lookAtAccounts } from '../setup/system-accounts.ts'
import { findJupyter, programFolders } from '../start/find-machine.ts'
import { type Answer, keptVariables, lookedFor, type Question, questions, type Recorded } from './recorded.ts'

const patienceMs = 20_000
const outputLimitBytes = 4 * 2 ** 20

/** Where schedulers and web servers keep their commands beside the PATH. */
const moreFolders = [
  ...['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'],
  ...['/opt/slurm/bin', '/opt/pbs/bin', '/opt/torque/bin', '/opt/moab/bin', '/opt/sge/bin/lx-amd64', '/opt/lsf/bin'],
]

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const ask = (path: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Answer> =>
  new Promise((done) => {
    const options = { timeout: patienceMs, maxBuffer: outputLimitBytes, env: environment, cwd: '/' }
    const child = execFile(path, args, options, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
    )
    child.stdin?.end() // whoever waits for input would wait for ever
  })

/** Folders of virtual and conda environments in their usual places. */
const environmentFolders = (): readonly string[] =>
  globSync(['/opt/*conda*/bin', '/opt/*conda*/envs/*/bin', '/opt/*mamba*/bin', '/opt/*forge*/bin', '/opt/jupyter*/bin'])

const fullHostName = async (environment: NodeJS.ProcessEnv): Promise<string> => {
  const plain = hostname()
  if (plain.includes('.')) return plain.toLowerCase()
  const { code, stdout } = await ask('/bin/hostname', ['--fqdn'], environment)
  const full = stdout.trim()
  return (
    code === 0 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(full) && full !== 'localhost' ? full : plain
  ).toLowerCase()
}

export interface RecordOptions {
  readonly environment: NodeJS.ProcessEnv
  /** `--jupyter`: searched before all others. */
  readonly jupyterFolders: readonly string[]
}

export async function recordMachine({ environment, jupyterFolders }: RecordOptions): Promise<Recorded> {
  const path = (environment.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'))
  const folders = [...new Set([...path, ...moreFolders])]
  const commands = Object.fromEntries(
    lookedFor.flatMap((name): [string, string][] => {
      const found = folders.map((folder) => join(folder, name)).find(isProgram)
      return found === undefined ? [] : [[name, found]]
    }),
  )
  // Answers are read by programs: in no language but C.
  const asked = { ...environment, LC_ALL: 'C', LANG: 'C' }
  const answer = async ({ name, command, args }: Question): Promise<[string, Answer][]> => {
    const found = commands[command]
    return found === undefined ? [] : [[name, await ask(found, args, asked)]]
  }
  const accounts = lookAtAccounts()
  const own = homedir()
  // What lies in the caller's home is not the site's.
  const places = programFolders([...jupyterFolders, ...environmentFolders()]).filter(
    (folder) => jupyterFolders.includes(folder) || own === '/' || !folder.startsWith(`${own}/`),
  )
  const [answers, jupyter, hostName] = await Promise.all([
    Promise.all(questions.map(answer)),
    findJupyter(places),
    fullHostName(asked),
  ])
  return {
    hostName,
    cores: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 2 ** 20),
    commands,
    answers: Object.fromEntries(answers.flat()),
    mounts: read('/proc/self/mounts'),
    apacheModules: namesIn('/etc/apache2/mods-enabled').flatMap((name) =>
      name.endsWith('.load') ? [name.slice(0, -5)] : [],
    ),
    environment: Object.fromEntries(
      keptVariables.flatMap((name): [string, string][] => {
        const value = environment[name]
        return value === undefined || value === '' ? [] : [[name, value]]
      }),
    ),
    jupyter,
    homes: accounts.entries
      .filter(({ uid, shell }) => !isSystemUid(uid, accounts.uidMin) && !/(?:nologin|false)$/.test(shell))
      .slice(0, 50)
      .map(({ home }) => home),
  }
}
