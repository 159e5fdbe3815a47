import { spawn } from 'node:child_process'
import { type Order, printable } from './order.ts'

/** How an order was taken. `failed` says why in words; whether the launch was claimed is for the exchange to tell. */
export type Taken = { readonly done: true } | { readonly done: false; readonly words: string }

/** Environment of everything the scheduler starts: nothing of its own goes to another user. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }

/**
 * Start a shepherd, give it its order on stdin, and wait for its first process, which leaves when the order is taken up.
 * Never rejects. After `limitMs` that process is killed.
 */
export function startShepherd(command: readonly [string, ...string[]], order: Order, limitMs: number): Promise<Taken> {
  const [file, ...args] = command
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: '/', env: environment, stdio: ['pipe', 'ignore', 'pipe'] })
    let words = ''
    const timer = setTimeout(() => {
      words = `it did not start within ${limitMs / 1_000} s; ${words}`
      child.kill('SIGKILL')
    }, limitMs)
    const settle = (taken: Taken): void => {
      clearTimeout(timer)
      // A grandchild that sudo left behind may hold the pipe; nothing it says counts any more.
      child.stderr.destroy()
      resolve(taken)
    }
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, 2_000)
    })
    child.stdin.on('error', () => {}) // it left without reading: its exit code tells
    child.on('error', (error) => settle({ done: false, words: printable(error.message) }))
    child.on('exit', (code, signal) =>
      // The last words may come just behind the exit.
      setImmediate(() =>
        settle(
          code === 0 ? { done: true } : { done: false, words: printable(words || `ended with ${signal ?? code}`) },
        ),
      ),
    )
    child.stdin.end(JSON.stringify(order))
  })
}
