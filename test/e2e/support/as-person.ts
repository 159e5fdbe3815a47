/** Programs that run as one of the machine's people: what a neighbour on the same machine can do. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asAccount } from '../../../packages/batchway/src/cli/start/as-account.ts'
import { findAccount } from '../../../packages/batchway/src/cli/start/served-account.ts'
import { until } from './until.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const clean = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/' }

function argvOf(user: string, argv: readonly string[]): readonly [string, ...string[]] {
  const account = findAccount(user)
  if (!account) throw new Error(`there is no account ${user}`)
  return asAccount(account, argv)
}

/** Run to the end. @param input goes to standard input: nothing that is looked for may stand on a command line. */
export function runAs(user: string, argv: readonly string[], input = ''): Promise<Ran> {
  const [file, ...args] = argvOf(user, argv)
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: clean, cwd: '/', timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
    )
    child.stdin?.on('error', () => undefined) // it ended without reading
    child.stdin?.end(input)
  })
}

export interface Watched extends AsyncDisposable {
  /** What it wrote so far. */
  output(): string
  /** Wait for words in its output. */
  said(words: string | RegExp, limitMs?: number): Promise<string>
}

/** Start a Python program of this folder as a person; it is ended on disposal. */
export function startAs(user: string, program: string, ...args: readonly string[]): Watched {
  const [file, ...rest] = argvOf(user, ['/usr/bin/python3', '-I', '-u', '-c', programText(program), ...args])
  const child: ChildProcessWithoutNullStreams = spawn(file, rest, { env: clean, cwd: '/' })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1')
    })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  return {
    output: () => output,
    async said(words, limitMs) {
      await until(`${program} says ${words}`, () => new RegExp(words).test(output), limitMs)
      return output
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}

/** Text of a Python program of this folder. */
export const programText = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')
