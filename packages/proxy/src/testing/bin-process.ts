/** The command `batchway-proxy` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseAddress } from '../address.ts'
import { token, until } from '../testing.ts'

const bin = fileURLToPath(new URL('../bin.ts', import.meta.url))

/** Ports that are free, on loopback. */
export const anywhere = ['--listen', '127.0.0.1:0', '--control', '127.0.0.1:0']

export const start = (
  args: readonly string[],
  environment: NodeJS.ProcessEnv = { CONFIGPROXY_AUTH_TOKEN: token },
): ChildProcess =>
  spawn(process.execPath, ['--conditions=source', bin, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })

export interface Started extends AsyncDisposable {
  readonly child: ChildProcess
  readonly url: string
  readonly port: number
  readonly listen: readonly string[]
  readonly control: string
  readonly metrics: string | null
  readonly lines: string[]
}

export interface Ready {
  readonly listen: readonly string[]
  readonly control: string
  readonly metrics: string | null
  readonly pid: number
}

/** The lines in which a process, or one after the other, said that it listens; they come in time. */
export function readyLines({ stdout }: ChildProcess): readonly Ready[] {
  if (stdout === null) throw new Error('no stdout')
  const ready: Ready[] = []
  createInterface({ input: stdout }).on('line', (line) => {
    if (line.includes('"listening"')) ready.push(JSON.parse(line))
  })
  return ready
}

/** Start the real process and wait for its ready line. */
export async function started(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Started> {
  const child = start(args, environment)
  const lines: string[] = []
  if (child.stdout === null) throw new Error('no stdout')
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const ready = () => lines.map((line) => JSON.parse(line)).find((line) => line.msg === 'listening')
  await until(() => ready() !== undefined || child.exitCode !== null, 'the ready line')
  const { listen, control, metrics } = ready()
  const address = parseAddress(listen[0])
  const port = address.kind === 'tcp' ? address.port : 0
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return { child, url: `http://127.0.0.1:${port}`, port, listen, control, metrics, lines, [Symbol.asyncDispose]: end }
}
