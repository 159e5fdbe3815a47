import type { TLSSocket } from 'node:tls'
import type { Activity } from './activity.ts'
import type { AppConnector } from './app-connection.ts'
import { type Application, type ApplicationExit, type ApplicationStart, startApplication } from './application.ts'
import type { Clock } from './clock.ts'
import { healthUrlPath } from './environment.ts'
import { openGate } from './gate.ts'
import { openGuardedSocket } from './guarded-socket.ts'
import type { HubClient } from './hub-client.ts'
import { jupyterLook } from './jupyter-activity.ts'
import type { Limits } from './limits.ts'
import type { OutputTap } from './output-tap.ts'
import type { ClaimReply, ExitReason, Report, Usage } from './protocol.ts'
import { waitUntilReady } from './readiness.ts'
import type { Reporter } from './reporter.ts'
import { splice } from './splice.ts'
import { stopReasonOf } from './stop-reason.ts'

/** How a session ended, as the exit report tells it. */
export type End = Pick<Extract<Report, { type: 'exit' }>, 'exitCode' | 'signal' | 'message'> & {
  readonly why: Exclude<ExitReason, 'preflight'>
}
type Heartbeat = Extract<Report, { type: 'heartbeat' }>

export const ended = (why: End['why'], message: string, exit?: ApplicationExit): End => ({
  why,
  message,
  exitCode: exit?.exitCode ?? null,
  signal: exit?.signal ?? null,
})

export interface ServeOptions {
  readonly claim: ClaimReply
  readonly node: string
  readonly start: ApplicationStart
  readonly connector: AppConnector
  readonly hub: HubClient
  readonly clock: Clock
  readonly activity: Activity
  readonly reporter: Reporter
  readonly limits: Limits
  readonly log: (line: string) => void
  readonly tap: OutputTap
  readonly usage: () => Usage
  /** Aborts with a `StopReason` when hub, scheduler or a limit want an end. */
  readonly stop: AbortSignal
}

/** Open the guarded socket, run the application behind it, and tell the hub; until it ends or is to end. @throws {ListenError} */
export async function serve(options: ServeOptions): Promise<End> {
  const { claim, connector, clock, activity, reporter, limits, stop } = options
  const { application: order } = claim
  await using undo = new AsyncDisposableStack()
  const gate =
    order.access === 'gated' && order.gate
      ? openGate({ order, gate: order.gate, hub: options.hub, connector, clock, activity })
      : null
  undo.defer(() => gate?.close())
  const guard = await openGuardedSocket(claim, (socket) => {
    if (gate) gate.accept(socket)
    else void relay(socket, connector, activity.touch)
  })
  undo.defer(guard.close)

  const place = { host: advertisedHost(claim.listen, options.node), port: guard.port }
  let state: 'starting' | 'ready' | 'stopping' = 'starting'
  const asking = new AbortController()
  undo.defer(() => asking.abort())
  const beating = new AbortController()
  undo.defer(() => beating.abort())
  const heartbeat = (): Heartbeat => ({
    type: 'heartbeat',
    state,
    ...place,
    usage: options.usage(),
    lastActivityAt: activity.lastAt,
    connections: guard.connections,
    leftSeconds: limits.leftSeconds,
    warnings: limits.warnings,
  })
  reporter.post({ type: 'listening', ...place, pid: process.pid })
  void reporter.beat(claim.heartbeatSeconds, heartbeat, beating.signal)
  if (order.access === 'hub-aware') void askForPort(reporter, clock, claim.heartbeatSeconds, asking.signal)

  const stopped = (words: string, exit?: ApplicationExit): End => {
    const reason = stopReasonOf(stop)
    return ended(reason.why, `${words}: ${reason.words}`, exit)
  }
  if (stop.aborted) return stopped('ended before the application was started')
  const startedAt = clock.monotonic()
  const app = startApplication(options.start, options.tap)
  undo.defer(app.close)
  const over = new AbortController()
  const exited = app.ended.then((exit) => {
    guard.close() // at once: whoever takes the port now must not be reached through us
    gate?.close()
    over.abort()
    return exit
  })
  const ends = Promise.race([exited.then(() => 'exited' as const), aborted(stop).then(() => 'stop' as const)])
  const answers = waitUntilReady(connector, healthUrlPath(order), claim.readySeconds, clock, over.signal)
  let next = await Promise.race([ends, answers.then((isReady) => (isReady ? ('ready' as const) : ('late' as const)))])
  asking.abort()
  if (next === 'ready') {
    state = 'ready'
    reporter.post({ type: 'ready', ...place, pid: app.pid, startedMs: Math.round(clock.monotonic() - startedAt) })
    const look = claim.idle?.activity === 'jupyter' ? jupyterLook(connector, order, options.log) : null
    void limits.watchUse(look, over.signal)
    next = await ends
  }
  if (next === 'late' && over.signal.aborted) next = 'exited'
  over.abort()
  if (next !== 'exited') {
    state = 'stopping'
    const exit = await stopApplication(app, exited, claim.stopSeconds * 1000, clock)
    return next === 'stop'
      ? stopped('ended in order', exit)
      : ended('never-ready', `the application did not answer within ${claim.readySeconds} s`, exit)
  }
  const exit = await exited
  await clock.sleep(50) // the last words of a program that just died may still be in the pipe
  if (exit.startError) {
    return ended('not-found', `${options.start.argv[0]} could not be started: ${exit.startError}`, exit)
  }
  // A scheduler signals all processes of a job at once, and the application may be the faster one.
  if (stop.aborted) return stopped('ended in order', exit)
  if (limits.isWalltimeOver) return ended('walltime', describeExit(exit), exit)
  return ended('application', describeExit(exit), exit)
}

const firstAskMs = 1_000

/** An application that chooses its port tells the hub, and we hear of it in an answer: so a few heartbeats come before their time. */
async function askForPort(
  { beatSoon }: Pick<Reporter, 'beatSoon'>,
  clock: Clock,
  heartbeatSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = firstAskMs; waitMs < heartbeatSeconds * 1000; waitMs *= 1.5) {
    await clock.sleep(waitMs, signal)
    if (signal.aborted) return
    beatSoon()
  }
}

const advertisedHost = ({ advertise, address }: ClaimReply['listen'], node: string): string =>
  advertise ?? (/^(0\.0\.0\.0|::|)$/.test(address) ? node : address)

/** SIGTERM to the application's group, then SIGKILL when its time is over. */
async function stopApplication(
  app: Application,
  exited: Promise<ApplicationExit>,
  patienceMs: number,
  clock: Clock,
): Promise<ApplicationExit> {
  const patience = new AbortController()
  void exited.then(() => patience.abort())
  app.signal('SIGTERM')
  await clock.sleep(patienceMs, patience.signal)
  if (!patience.signal.aborted) app.signal('SIGKILL')
  return exited
}

async function relay(visitor: TLSSocket, connector: AppConnector, touch: () => void): Promise<void> {
  try {
    const app = await connector.open()
    if (visitor.destroyed) app.destroy()
    else splice(visitor, app, touch)
  } catch {
    visitor.destroy() // not listening (any more), or not ours: the proxy says so to the visitor
  }
}

const describeExit = ({ exitCode, signal }: ApplicationExit) =>
  signal ? `the application was ended by ${signal}` : `the application ended with status ${exitCode}`

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
