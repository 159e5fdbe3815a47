/** Runs `batchway doctor` as the hub's account for a site that is only a configuration and a state directory, or as a given one. */
import { execFile, execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { asAccount } from '../../../packages/batchway/src/cli/start/as-account.ts'
import { readableProgram } from '../../../packages/batchway/src/cli/start/readable-program.ts'
import { type Account, findAccount } from '../../../packages/batchway/src/cli/start/served-account.ts'
import { freePort } from './free-port.ts'

const root = resolve(import.meta.dirname, '../../..')
const entry = join(root, 'packages/batchway/src/cli/main.ts')
const flags = ['--conditions=source']
export const agentFolder = '/var/tmp/batchway-bench/installed'

export interface Told {
  readonly check: string
  readonly cluster: string | null
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped'
  readonly words: string
  readonly remedy: readonly string[]
}

export interface DoctorRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Of `--json`; empty for other calls. */
  readonly findings: readonly Told[]
}

export interface DoctorOptions {
  /** argv before that of the doctor: runs it as root would start it, e.g. in namespaces. It must end by running its arguments. */
  readonly around?: readonly string[]
  readonly account?: Account
  readonly environment?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly onOutput?: (text: string, pid: number) => void
}

export const hubAccount = (): Account => {
  const hub = findAccount('batchway')
  if (hub === null) throw new Error('There is no account batchway. Run testbench/accounts.sh.')
  return hub
}

/** @returns argv that runs the command as the account. */
export function commandAs(account: Account, args: readonly string[]): readonly [string, ...string[]] {
  const placed = readableProgram(account, entry, '/var/tmp/batchway-bench/programs')
  return asAccount(account, [placed(process.execPath), ...flags, placed(entry), ...args])
}

export function runDoctor(args: readonly string[], options: DoctorOptions = {}): Promise<DoctorRun> {
  const [file = '', ...rest] = [
    ...(options.around ?? []),
    ...commandAs(options.account ?? hubAccount(), ['doctor', ...args]),
  ]
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/', ...options.environment }
  return new Promise((done) => {
    const child = execFile(
      file,
      rest,
      { cwd: '/', env, timeout: 400_000, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        const findings: readonly Told[] =
          args.includes('--json') && stdout.startsWith('{') ? JSON.parse(stdout).findings : []
        done({ code, stdout, stderr, findings })
      },
    )
    child.stdout?.on('data', (text: string) => options.onOutput?.(text, child.pid ?? 0))
  })
}

/** Findings of one check, one line each, for assertions and their messages. */
export const linesOf = ({ findings }: DoctorRun, check: string): string[] =>
  findings
    .filter((finding) => finding.check === check)
    .map(({ status, words, remedy }) => [`${status}: ${words}`, ...remedy].join('\n'))

/** What is not well, for the message of an assertion that all is. */
export const complaints = ({ findings }: DoctorRun): string[] =>
  findings
    .filter(({ status }) => status !== 'ok')
    .map(({ check, status, cluster, words }) => `${status} ${cluster ?? ''} ${check}: ${words}`)

/** The agent and the sudo rules of the bench, as every site of the tests has them. */
export function installAgentAndRules(): void {
  mkdirSync(agentFolder, { recursive: true, mode: 0o755 })
  execFileSync(process.execPath, [...flags, entry, 'agent', 'install', agentFolder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  execFileSync(join(root, 'testbench/sudoers.sh'), ['--shepherd', join(agentFolder, 'batchway-local-shepherd')], {
    stdio: 'inherit',
  })
}

export interface PaperSite extends Disposable {
  readonly state: string
  /** Writes a configuration beside the first one. @returns its path. */
  write(name: string, change: (config: Record<string, unknown>) => void): string
  readonly configFile: string
}

/** A healthy site on the bench's Slurm that nobody has started. */
export async function openPaperSite(instance: string): Promise<PaperSite> {
  const hub = hubAccount()
  const state = mkdtempSync('/var/tmp/batchway-doctor-')
  chownSync(state, hub.uid, hub.gid)
  const [port, internal] = [await freePort(), await freePort()]
  const healthy = () => ({
    url: `http://127.0.0.1:${port}/`,
    listen: [`127.0.0.1:${port}`],
    stateDirectory: state,
    instance,
    hub: { internal: [`127.0.0.1:${internal}`] },
    clusters: { larch: { driver: 'slurm', title: 'Larch', transport: 'sudo', agent: agentFolder } },
    applications: {
      shell: { kind: 'command', title: 'Shell', command: ['/bin/sleep', '600'], environment: { PORT: '{port}' } },
    },
    profiles: [
      {
        key: 'small',
        title: 'Small',
        cluster: 'larch',
        application: 'shell',
        resources: { cores: 1, memory: '1G', walltime: '20m' },
        options: { partition: 'batch' },
      },
    ],
  })
  const write = (name: string, change: (config: Record<string, unknown>) => void): string => {
    const config: Record<string, unknown> = healthy()
    change(config)
    const file = join(state, `${name}.yaml`)
    writeFileSync(file, stringify(config), { mode: 0o600 })
    chownSync(file, hub.uid, hub.gid)
    return file
  }
  return {
    state,
    write,
    configFile: write('batchway', () => {}),
    [Symbol.dispose]: () => rmSync(state, { recursive: true, force: true }),
  }
}
