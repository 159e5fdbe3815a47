/**
 * Runs the commands of a document: each `sh` block in its order, all in one shell, so that a folder and variables hold on. A `text` block
 * right behind one is what it prints: its lines one after the other, `…` for anything within a line, and alone on a line for any lines.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { type FencedBlock, fencedBlocks } from './fenced-blocks.ts'

export interface Step {
  readonly command: FencedBlock
  /** Null where the document says nothing of it. */
  readonly expected: string | null
}

/** What is to be run, and what comes of it. */
export function stepsOf(markdown: string): Step[] {
  const blocks = fencedBlocks(markdown)
  return blocks.flatMap((command, index) => {
    if (command.language !== 'sh') return []
    const next = blocks[index + 1]
    return [{ command, expected: next?.language === 'text' ? next.text : null }]
  })
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** Do these lines stand in the output, one after the other? Blanks at their ends do not count. */
export function isPrinted(expected: string, output: string): boolean {
  const lines = expected.trimEnd().split('\n')
  const pattern = lines
    .map((line) => line.trimEnd())
    .map((line) => (line === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(literally).join('.*')}[ \\t\\r]*\\n`))
    .join('')
  return new RegExp(`^${pattern}`, 'm').test(`${output}\n`)
}

export interface Shell extends AsyncDisposable {
  /** @returns what the step printed. @throws {Error} with it, if a command fails, or what was expected is not in it. */
  run(step: Step): Promise<string>
}

export interface ShellOptions {
  readonly directory: string
  readonly environment?: NodeJS.ProcessEnv
  readonly stepMs?: number
}

/** A shell that stops at the first command that fails; what it leaves in the background goes on after it. */
export function openShell({ directory, environment = process.env, stepMs = 120_000 }: ShellOptions): Shell {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    'bash',
    ['--noprofile', '--norc', '-euo', 'pipefail'],
    {
      cwd: directory,
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    },
  )
  const ended = once(child, 'exit')
  let printed = ''
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    tell()
  })
  child.once('exit', tell)
  child.stdin.on('error', () => undefined) // a shell that has ended; told below
  child.stdin.write('exec 2>&1\n')
  let count = 0
  /** The shell, and what it runs. */
  const endAll = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  return {
    async run({ command, expected }) {
      count += 1
      const mark = `== step ${count} of ${child.pid} is done ==`
      const from = printed.length
      // Commands must not read the script that follows them.
      child.stdin.write(`{\n${command.text}} </dev/null\nprintf '\\n%s\\n' '${mark}'\n`)
      const late = setTimeout(endAll, stepMs)
      try {
        while (!printed.includes(mark, from) && child.exitCode === null && child.signalCode === null)
          await changed.promise
      } finally {
        clearTimeout(late)
      }
      const end = printed.indexOf(mark, from)
      const output = printed.slice(from, end < 0 ? undefined : end)
      const where = `line ${command.line}: ${command.text}`
      if (end < 0) {
        const how =
          child.signalCode === null ? `failed with ${child.exitCode}` : `did not end within ${stepMs / 1000} s`
        throw new Error(`${where}${how}, after it printed:\n${output}`)
      }
      if (expected !== null && !isPrinted(expected, output))
        throw new Error(`${where}was to print\n${expected}and printed\n${output}`)
      return output
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(late)
      child.stdout.destroy()
    },
  }
}

/** Every step of a document. @throws {Error} as `Shell.run`. */
export async function runDocument(markdown: string, options: ShellOptions): Promise<readonly string[]> {
  await using shell = openShell(options)
  const outputs: string[] = []
  for (const step of stepsOf(markdown)) outputs.push(await shell.run(step))
  return outputs
}
