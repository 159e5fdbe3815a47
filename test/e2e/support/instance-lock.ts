/** One site of an instance at a time on a machine: its jobs' names, its sudo rule and its folders in the homes have one place. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from './until.ts'

/** Waits for the site before it, of whatever process; who dies lets go. */
export async function lockInstance(instance: string): Promise<AsyncDisposable> {
  // In /tmp, which a Slurm of its own shares with the machine, as it does the homes.
  const lock = `/tmp/batchway-bench-${instance}.lock`
  // Holds the lock until its input ends.
  const child = spawn('flock', ['--no-fork', '--exclusive', lock, 'sh', '-c', 'echo locked; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let words = ''
  child.stdout.on('data', (chunk: Buffer) => {
    words += chunk.toString()
  })
  const ended = once(child, 'exit')
  const letGo = async (): Promise<void> => {
    child.stdin.end()
    await ended
  }
  try {
    await until(`no other site of the instance ${instance} is up`, () => words.includes('locked'), 500_000)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return { [Symbol.asyncDispose]: letGo }
}
