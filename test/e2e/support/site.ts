/**
 * A site for the tests: the real command, run as the unprivileged user `batchway`, in front of the real Slurm of the test bench and
 * of a local cluster; alice, bob and carol are its people. Needs root (to become `batchway`) and the bench up.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { asAccount } from '../../../packages/batchway/src/cli/start/as-account.ts'
import { readableProgram } from '../../../packages/batchway/src/cli/start/readable-program.ts'
import { findAccount } from '../../../packages/batchway/src/cli/start/served-account.ts'
import { plainJupyterArguments } from '../../../packages/batchway/src/profiles/applications.ts'
import { freePort } from './free-port.ts'
import { endLocalJobs } from './traces.ts'
import { trixieRun } from './trixie-run.ts'
import { until } from './until.ts'

const root = resolve(import.meta.dirname, '../../..')
const entry = join(root, 'packages/batchway/src/cli/main.ts')
const flags = ['--conditions=source']
/** What jobs run; once for all tests. Root's, so that a sudo rule may name it. */
const installed = '/var/tmp/batchway-bench/installed'

export interface SiteOptions {
  /** `/` or `/jupyter/`. */
  readonly base?: string
  readonly instance?: string
  /** For the browser; any free one if absent. */
  readonly port?: number
  /** Merged over the configuration. */
  readonly change?: (config: Record<string, unknown>) => void
  /** Around everything that runs as the hub's user: another view of the machine. */
  readonly inside?: readonly string[]
  /** An installed command to run in place of this checkout's. */
  readonly program?: string
  /** What Node compiled stays in the state directory, as at a site that says nothing else; otherwise tests share it. */
  readonly ownCompileCache?: boolean
}

export interface Site extends AsyncDisposable {
  readonly url: string
  readonly base: string
  readonly stateDirectory: string
  readonly configFile: string
  readonly logFile: string
  /** A fresh one-time sign-in link. */
  link(user: string): Promise<string>
  /** Pid of the running hub or proxy. */
  pidOf(part: 'hub' | 'proxy'): number
  /** `kill -9`, and wait until the supervisor has it back and it listens. */
  killAndWait(part: 'hub' | 'proxy'): Promise<void>
  /** Pid of the command itself, which keeps both running. */
  readonly starter: number
  /** `kill -9` of the command alone, and run it anew: resolves when the new one says that the site is up. @returns its words. */
  killStarterAndStart(): Promise<string>
  /** Stop hub and proxy in order, do something, and start both again. */
  stopAndStart(between: () => void): Promise<void>
  /** Everything that both processes wrote. */
  log(): string
  /** Run the command as the hub's user. */
  command(...args: string[]): string
}

function need(condition: unknown, words: string): asserts condition {
  if (!condition)
    throw new Error(`${words} Run "npm test", which brings it up, or testbench/slurm-up.sh and testbench/trixie-up.sh.`)
}

/** The applications of two generations: the classic notebook under singleuser 3.0, JupyterLab 4 under singleuser 5.2, and plain servers. */
function applications() {
  const plain = (command: readonly string[], app: 'ServerApp' | 'NotebookApp') => [
    ...command,
    ...plainJupyterArguments(app),
  ]
  return {
    classic: {
      kind: 'jupyterhub-singleuser',
      title: 'Jupyter Notebook',
      command: ['/usr/bin/jupyterhub-singleuser'],
      environment: { JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp' },
    },
    lab: {
      kind: 'jupyterhub-singleuser',
      title: 'JupyterLab',
      command: [trixieRun, 'jupyterhub-singleuser'],
      open: 'lab',
    },
    'plain-lab': {
      kind: 'jupyter',
      title: 'JupyterLab',
      command: plain([trixieRun, 'jupyter-lab'], 'ServerApp'),
      open: 'lab',
    },
    'plain-classic': {
      kind: 'jupyter',
      title: 'Jupyter Notebook',
      command: plain(['/usr/bin/jupyter-notebook'], 'NotebookApp'),
      open: 'tree',
    },
    missing: { kind: 'command', title: 'Not there', command: ['/opt/nowhere/server', '{port}'] },
    hungry: {
      kind: 'command',
      title: 'Eats memory',
      command: ['/usr/bin/python3', hungryProgram],
    },
    silent: {
      kind: 'command',
      title: 'Never answers',
      command: ['/bin/sleep', '600'],
      environment: { PORT: '{port}' },
    },
  }
}

const hungryProgram = '/var/tmp/batchway-bench/hungry.py'

/** Answers first, then takes more memory than any test profile grants. */
const hungryScript = [
  'import http.server, os, threading, time',
  "class H(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        self.send_response(200); self.send_header('Content-Length', '2'); self.end_headers(); self.wfile.write(b'ok')",
  "print('about to eat', flush=True)",
  "s = http.server.HTTPServer(('127.0.0.1', int(os.environ['EAT_PORT'])), H)",
  'threading.Thread(target=s.serve_forever, daemon=True).start()',
  'time.sleep(4)',
  'hold = []',
  'while True: hold.append(bytearray(os.urandom(1 << 20) * 32)); time.sleep(0.02)',
].join('\n')

function siteConfig(parts: { base: string; state: string; port: number; internal: number; instance: string }) {
  const { base, state, port, internal } = parts
  const all = applications()
  const size = { cores: 1, memory: '1G', walltime: '20m' }
  return {
    url: `http://127.0.0.1:${port}${base}`,
    listen: [`127.0.0.1:${port}`],
    stateDirectory: state,
    instance: parts.instance,
    hub: { internal: [`127.0.0.1:${internal}`] },
    signIn: [{ type: 'link' }],
    clusters: {
      local: { driver: 'local', title: 'This machine', transport: 'sudo', agent: installed },
      slurm: { driver: 'slurm', title: 'Larch', transport: 'sudo', agent: installed },
    },
    applications: {
      ...all,
      // The port is only known to the agent: it fills argv and environment alike.
      hungry: { ...all.hungry, environment: { EAT_PORT: '{port}' } },
    },
    profiles: [
      {
        key: 'slurm-classic',
        title: 'Notebook on Larch',
        cluster: 'slurm',
        application: 'classic',
        resources: { cores: 2, memory: '2G', walltime: '25m' },
        options: { partition: 'debug' },
      },
      {
        key: 'slurm-lab',
        title: 'JupyterLab on Larch',
        cluster: 'slurm',
        application: 'lab',
        resources: { cores: 2, memory: '3G', walltime: '1h' },
        options: { partition: 'batch' },
      },
      { key: 'local-classic', title: 'Notebook here', cluster: 'local', application: 'classic', resources: size },
      {
        key: 'local-lab',
        title: 'JupyterLab here',
        cluster: 'local',
        application: 'lab',
        resources: { ...size, memory: '2G' },
      },
      {
        key: 'local-plain-lab',
        title: 'Plain JupyterLab here',
        cluster: 'local',
        application: 'plain-lab',
        resources: { ...size, memory: '2G' },
      },
      {
        key: 'local-plain-classic',
        title: 'Plain Notebook here',
        cluster: 'local',
        application: 'plain-classic',
        resources: size,
      },
      {
        key: 'slurm-nowhere',
        title: 'Partition that is not there',
        cluster: 'slurm',
        application: 'classic',
        resources: size,
        options: { partition: 'nowhere' },
      },
      {
        key: 'slurm-missing',
        title: 'Application that is not there',
        cluster: 'slurm',
        application: 'missing',
        resources: size,
        options: { partition: 'debug' },
      },
      {
        key: 'slurm-hungry',
        title: 'Too little memory',
        cluster: 'slurm',
        application: 'hungry',
        resources: { ...size, memory: '300M' },
        options: { partition: 'debug' },
      },
      {
        key: 'slurm-short',
        title: 'One minute',
        cluster: 'slurm',
        application: 'classic',
        resources: { ...size, walltime: '1m' },
        options: { partition: 'debug' },
      },
      {
        key: 'slurm-silent',
        title: 'Never answers',
        cluster: 'slurm',
        application: 'silent',
        resources: size,
        options: { partition: 'debug' },
        limits: { ready: '8s' },
      },
    ],
  }
}

/** The hub's user alone writes and reads it: what is in it is run. Beside the trixie tree, where a Slurm of its own sees it too. */
function compileCacheOf({ uid, gid }: { readonly uid: number; readonly gid: number }, cache: string): string {
  const folder = join(cache, 'compiled')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chownSync(folder, uid, gid)
  return folder
}

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const hub = findAccount('batchway')
  need(process.getuid?.() === 0, 'These tests need root.')
  need(hub, 'There is no account batchway.')
  need(existsSync(trixieRun), 'The trixie tree is missing.')
  const { base = '/', instance = 'e2' } = options
  const state = mkdtempSync('/var/tmp/batchway-site-')
  chownSync(state, hub.uid, hub.gid)
  // Other accounts' local jobs pass through it to their notes, and can list or read nothing in it.
  chmodSync(state, 0o711)
  const [port, internal] = [options.port ?? (await freePort()), await freePort()]
  const config = siteConfig({ base, state, port, internal, instance })
  options.change?.(config)
  const configFile = join(state, 'batchway.yaml')
  writeFileSync(configFile, stringify(config), { mode: 0o600 })
  chownSync(configFile, hub.uid, hub.gid)

  // As root, before anything runs: what jobs run, and the sudo rule that names it.
  mkdirSync(installed, { recursive: true, mode: 0o755 })
  writeFileSync(hungryProgram, hungryScript, { mode: 0o644 })
  execFileSync(process.execPath, [...flags, entry, 'agent', 'install', installed], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  execFileSync(join(root, 'testbench/sudoers.sh'), ['--shepherd', join(installed, 'batchway-local-shepherd')], {
    stdio: 'inherit',
  })

  const placed = readableProgram(hub, entry, '/var/tmp/batchway-bench/programs')
  const environment = {
    HOME: state,
    USER: hub.name,
    LOGNAME: hub.name,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    ...(!options.ownCompileCache && { NODE_COMPILE_CACHE: compileCacheOf(hub, dirname(trixieRun)) }),
  }
  const asHub = (...args: string[]): readonly [string, ...string[]] => {
    const own = options.program === undefined ? [placed(process.execPath), ...flags, placed(entry)] : [options.program]
    const [program, ...rest] = asAccount(hub, [...own, ...args])
    const [outer, ...words] = options.inside ?? []
    return outer === undefined ? [program, ...rest] : [outer, ...words, program, ...rest]
  }
  const [file, ...args] = asHub('start', `--config=${configFile}`)
  const logFile = join(state, 'batchway.log')
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  async function start(): Promise<{ child: ChildProcess; pid: number; words: string }> {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: state, env: environment })
    let words = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      words += chunk.toString()
    })
    try {
      await until('the site is up', () => words.includes('Batchway runs at') || child.exitCode !== null, 240_000)
      if (child.exitCode !== null || child.pid === undefined) throw new Error(`the site ended: ${words}\n${log()}`)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
    return { child, pid: child.pid, words }
  }
  let running = await start()

  async function stop(): Promise<void> {
    const { child } = running
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    child.kill('SIGCONT') // a test may have stopped it
    await ended
  }

  /** The last `listening` line of a part names its pid. */
  function pidOf(part: 'hub' | 'proxy'): number {
    const mark = part === 'hub' ? '"unix:' : '"control"'
    const lines = log()
      .split('\n')
      .filter(
        (line) =>
          line.includes('"msg":"listening"') &&
          line.includes(mark) &&
          (part === 'proxy') === line.includes('"control"'),
      )
    const message: { pid?: number } = JSON.parse(lines.at(-1) ?? '{}')
    if (message.pid === undefined) throw new Error(`no pid of the ${part}`)
    return message.pid
  }

  const command = (...words: string[]): string => {
    const [program, ...rest] = asHub(...words)
    return execFileSync(program, rest, { encoding: 'utf8', cwd: state, env: environment })
  }

  return {
    url: `http://127.0.0.1:${port}${base}`,
    base,
    stateDirectory: state,
    configFile,
    logFile,
    pidOf,
    log,
    command,
    link: async (user) => command('link', user, `--config=${configFile}`).trim(),
    async killAndWait(part) {
      const before = pidOf(part)
      process.kill(before, 'SIGKILL')
      await until(`a new ${part} listens`, () => pidOf(part) !== before, 30_000)
    },
    get starter() {
      return running.pid
    },
    async killStarterAndStart() {
      const ended = once(running.child, 'exit')
      running.child.kill('SIGKILL')
      await ended
      running = await start()
      return running.words
    },
    async stopAndStart(between) {
      await stop()
      between()
      running = await start()
    },
    async [Symbol.asyncDispose]() {
      await stop()
      // What a killed command left, if no other took it over.
      for (const part of ['hub', 'proxy'] as const) endIfOurs(pidOf(part), state)
      cancelJobs(instance)
      stopLocalScheduler(state)
      await endLocalJobs({ stateDirectory: state })
      rmSync(state, { recursive: true, force: true })
      rmSync(`${state}/local.exchange`, { recursive: true, force: true })
    },
  }
}

/** A pid from the log may mean somebody else by now: only a process that works in this site's directory is ended. */
function endIfOurs(pid: number, state: string): void {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) === state) process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

/** What a failed test left in Slurm must not run into the next one. */
export function cancelJobs(instance: string): void {
  const lines = execFileSync('squeue', ['--noheader', '--format=%i %j'], { encoding: 'utf8' }).split('\n')
  const ours = lines.map((line) => line.trim().split(' ')).filter(([, name]) => name?.startsWith(`b${instance}`))
  if (ours.length > 0)
    execFileSync(
      'scancel',
      ours.map(([id = '']) => id),
    )
}

/** The local scheduler outlives its starter on purpose; a test's must not outlive the test. */
export function stopLocalScheduler(state: string): void {
  for (const line of execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n')) {
    const [, pid, args] = /^\s*(\d+) (.*)$/.exec(line) ?? []
    if (pid && args?.includes(`--state=${state}/local`) && args.includes(' serve '))
      process.kill(Number(pid), 'SIGTERM')
  }
}
