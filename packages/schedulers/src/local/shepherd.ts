/**
 * The shepherd's program: one process per job, as the job's owner. It takes an order on stdin and no arguments, so a sudoers rule
 * can allow exactly it. `run`: hands the order to a copy of itself in a session of its own and leaves (sudo, which may hold a
 * pseudo-terminal, goes with it) once that copy has claimed the launch. `sweep`: does it and leaves. Exit 0 = done.
 */
import { spawn } from 'node:child_process'
import { closeSync, writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { notePath, writeNoteOnce } from './exchange.ts'
import { jobProcesses } from './job-processes.ts'
import { type Order, parseOrder, type RunOrder } from './order.ts'
import { identifyProcess, isAlive } from './process-identity.ts'
import { removeScript, runOrder } from './run-order.ts'

const detached = 'detached'
const reportFd = 3

async function main(): Promise<number> {
  process.chdir('/')
  const orderText = await text(process.stdin)
  const order = parseOrder(orderText)
  if (order.kind === 'sweep') return sweep(order)
  return process.argv[2] === detached ? shepherd(order) : detach(orderText)
}

/** First copy: start the second in its own session, wait until it reports, pass its words on. */
async function detach(orderText: string): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, detached], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  })
  const report = child.stdio[reportFd]
  if (!child.stdin || !report || !('read' in report)) throw new Error('no pipes to the second process')
  child.stdin.on('error', () => {}) // its exit tells
  child.stdin.end(orderText)
  const words = await text(report)
  child.unref()
  if (words === 'claimed') return 0
  process.stderr.write(words || 'the shepherd died before it took up the order\n')
  return 1
}

/** Second copy: claim the launch, report, and stay with the job until it is over. */
async function shepherd(order: RunOrder): Promise<number> {
  // Whoever wants the job to end leaves a note; a hang-up means nothing to us.
  process.on('SIGHUP', () => {})
  const refusal = claim(order)
  try {
    writeSync(reportFd, refusal ?? 'claimed')
    closeSync(reportFd)
  } catch {
    // The first copy was killed meanwhile. The claim stands, so the job must run.
  }
  if (refusal !== null) return 1
  await runOrder(order)
  return 0
}

/** @returns null if the launch is ours, else why not. */
function claim(order: RunOrder): string | null {
  if (Date.now() > order.notAfter) return 'the order is too old\n'
  const path = notePath(order.exchange, order.key, 'alive')
  try {
    return writeNoteOnce(path, { shepherd: identifyProcess(process.pid) }) ? null : 'the launch was revoked\n'
  } catch (error) {
    return `cannot leave a note in ${order.exchange}: ${error instanceof Error ? error.message : error}\n`
  }
}

async function sweep(order: Extract<Order, { kind: 'sweep' }>): Promise<number> {
  try {
    if (order.shepherd && isAlive(order.shepherd)) process.kill(order.shepherd.pid, 'SIGKILL')
  } catch {
    // It ended between the look and the blow.
  }
  const left = await jobProcesses(order.jobId, [], new Set([process.pid])).killAll(10_000)
  removeScript(order.jobId)
  return left === 0 ? 0 : 1
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`shepherd: ${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  },
)
