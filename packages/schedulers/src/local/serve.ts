import { once } from 'node:events'
import { chmodSync, lstatSync, mkdirSync, rmSync, watch } from 'node:fs'
import { createScheduler, type LocalScheduler, Refusal, type SchedulerOptions } from './daemon.ts'
import { openExchange } from './exchange.ts'
import { openJobStore } from './job-store.ts'
import { readStat } from './process-identity.ts'
import { readSubmission } from './submission.ts'
import { createWireServer, type Reply, type Request, socketPath } from './wire.ts'

/** Without a note we look this often: for shepherds that died without one, and for limits that ran out. */
const tickMs = 1_000

/**
 * Bring a scheduler up over a state directory and answer until disposed. Jobs are left alone when it ends; the next one adopts them.
 * @throws {Error} if another scheduler works there, the directory is somebody else's, or /proc hides the jobs.
 */
export async function serve(state: string, options: SchedulerOptions): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack()
  // Under hidepid the jobs of others look dead, and living jobs would be swept away.
  if (options.sudo && options.self.uid !== 0 && readStat(1) === null)
    throw new Error('/proc hides the processes of other users (hidepid): give this user the gid= of its mount')
  mkdirSync(state, { recursive: true, mode: 0o700 })
  if (lstatSync(state).uid !== options.self.uid) throw new Error(`${state} belongs to another user`)
  chmodSync(state, 0o700)
  const path = socketPath(state)
  const store = undo.use(openJobStore(state))
  openExchange(options.exchange, options.sudo)
  const scheduler = createScheduler(store, options)

  rmSync(path, { force: true }) // the lock is ours, so whoever left it is dead
  const server = createWireServer((request) => answer(scheduler, request, options))
  server.listen(path)
  await once(server, 'listening')
  chmodSync(path, 0o600)
  undo.defer(() => void server.close())

  const timer = setInterval(scheduler.tick, tickMs)
  undo.defer(() => clearInterval(timer))
  const notes = watch(options.exchange, (_, name) => {
    if (name?.endsWith('.result')) scheduler.tick()
  })
  notes.on('error', () => {}) // the timer looks anyway
  undo.defer(() => notes.close())
  scheduler.tick()
  return undo.move()
}

async function answer(scheduler: LocalScheduler, request: Request, options: SchedulerOptions): Promise<Reply> {
  const said = (text: string): Reply => ({ ok: true, text })
  switch (request.op) {
    case 'submit':
      try {
        const { ask, script } = readSubmission(request)
        return said(await scheduler.submit(ask, script))
      } catch (error) {
        if (error instanceof Refusal) return { ok: false, kind: 'refused', words: error.message }
        throw error
      }
    case 'list':
      return said(JSON.stringify(scheduler.list()))
    case 'cancel': {
      const id = String(request.id)
      const name = typeof request.name === 'string' ? request.name : undefined
      const isKnown = scheduler.cancel(id, options.self.name, name)
      return isKnown ? said('cancelled') : { ok: false, kind: 'unknown-job', words: `no job ${id} waits or runs` }
    }
    case 'history': {
      const ids = new Set(Array.isArray(request.ids) ? request.ids : [])
      const names = new Set(Array.isArray(request.names) ? request.names : [])
      const since = Number(request.sinceMs ?? 0)
      const listing = scheduler.history(
        (job) => (ids.has(job.id) || names.has(job.ask.name)) && (job.state !== 'ended' || job.endedAt >= since),
      )
      return said(JSON.stringify(listing))
    }
    case 'info': {
      const { capacity, host, self, sudo } = options
      const info = { host, user: self.name, pid: process.pid, sudo, capacity, idle: scheduler.idle() }
      return said(JSON.stringify(info))
    }
    default:
      return { ok: false, kind: 'failed', words: `no such request: ${String(request.op)}` }
  }
}
