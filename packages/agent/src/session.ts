import { randomBytes } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { openActivity } from './activity.ts'
import type { World } from './agent.ts'
import { type AppConnector, appConnector } from './app-connection.ts'
import { type Application, type ApplicationExit, startApplication } from './application.ts'
import type { Clock } from './clock.ts'
import { applicationArguments, applicationEnvironment, healthUrlPath, workingDirectory } from './environment.ts'
import { type ExitWord, exitCodes } from './exit-codes.ts'
import { findCommand } from './find-command.ts'
import { openGate } from './gate.ts'
import { type GuardedSocket, ListenError, openGuardedSocket } from './guarded-socket.ts'
import type { HubClient } from './hub-client.ts'
import { openOutputTap } from './output-tap.ts'
import type { ClaimReply, ClaimRequest, Report, Ticket } from './protocol.ts'
import { waitUntilReady } from './readiness.ts'
import { redact, secretsOf } from './redact.ts'
import { openReporter } from './reporter.ts'
import { watchSessionProcesses } from './session-processes.ts'
import { splice } from './splice.ts'
import { openUsageMeter } from './usage.ts'

/** The hub may be restarting while the job ends; the scheduler's own patience (KillWait, 30 s in Slurm) is the limit. */
const lastReportMs = 20_000
const killGraceMs = 1_000

export interface SessionOptions {
  readonly ticket: Ticket
  readonly request: ClaimRequest
  readonly claim: ClaimReply
  readonly hub: HubClient
  readonly log: (line: string) => void
  readonly fail: (word: ExitWord, message: string) => number
  readonly world: World
}

type End = Pick<Extract<Report, { type: 'exit' }>, 'why' | 'exitCode' | 'signal' | 'message'>

const ended = (why: End['why'], message: string, exit?: ApplicationExit): End => ({
  why,
  message,
  exitCode: exit?.exitCode ?? null,
  signal: exit?.signal ?? null,
})

/** From the won claim to the exit report. @returns the job's exit status. */
export async function runSession({ ticket, request, claim, hub, log, fail, world }: SessionOptions): Promise<number> {
  const { clock, uid } = world
  const { application: order } = claim
  const secrets = secretsOf(ticket, claim)
  const tap = openOutputTap(secrets, world.write)
  const activity = openActivity(clock)
  const stopping = new AbortController()
  const stop = (why: string) => {
    if (!stopping.signal.aborted) log(`ending: ${why}`)
    stopping.abort(why)
  }
  const reporter = openReporter(claim.claimToken, {
    hub,
    clock,
    log: (line) => log(redact(line, secrets)),
    onOrder: (what) => stop(what === 'stop' ? 'the hub asked for it' : 'the claim was revoked'),
  })
  if (world.stop.aborted) stop('the scheduler asked for it')
  world.stop.addEventListener('abort', () => stop('the scheduler asked for it'), { once: true })

  const appPort = await freeLoopbackPort()
  const environment = applicationEnvironment(world.environment, order, appPort, randomBytes(16).toString('hex'))
  const argv = applicationArguments(order, appPort)
  const directory = workingDirectory(order.directory, environment)
  const processes = watchSessionProcesses(environment, clock)
  const usage = openUsageMeter(processes.list)
  const connector = appConnector({ port: appPort, uid, processes: processes.list })
  const beating = new AbortController()

  const finish = async (end: End): Promise<number> => {
    beating.abort()
    const finalUsage = usage()
    const killed = await processes.end(killGraceMs)
    if (killed > 0) log(`${killed} processes of the session had to be killed`)
    if (world.environment.BATCHWAY_RUNTIME_DIR)
      rmSync(world.environment.BATCHWAY_RUNTIME_DIR, { recursive: true, force: true })
    const message = redact(end.message, secrets)
    log(message)
    const report: Report = { type: 'exit', ...end, message, log: tap.lines(), usage: finalUsage }
    if (!(await reporter.finish(report, lastReportMs))) log('the hub could not be told about the end')
    return exitStatus(end, fail, message)
  }

  if (!isDirectory(directory)) return finish(ended('home', `the working directory ${directory} is not there`))
  const file = findCommand(argv[0] ?? '', environment.PATH ?? '', directory)
  if (file === null) return finish(ended('not-found', `${argv[0]} was not found on this node`))

  let guard: GuardedSocket
  const gate =
    order.gate && order.access === 'gated'
      ? openGate({ order, gate: order.gate, hub, connector, clock, activity })
      : null
  try {
    guard = await openGuardedSocket(claim, (socket) => {
      if (gate) gate.accept(socket)
      else void relay(socket, connector, activity.touch)
    })
  } catch (error) {
    if (error instanceof ListenError) return finish(ended('agent', error.message))
    throw error
  }
  const isAny = /^(0\.0\.0\.0|::|)$/.test(claim.listen.address)
  const place = { host: claim.listen.advertise ?? (isAny ? request.node : claim.listen.address), port: guard.port }
  reporter.post({ type: 'listening', ...place, pid: process.pid })

  const startedAt = clock.now()
  let state: 'starting' | 'ready' | 'stopping' = 'starting'
  void reporter.beat(
    claim.heartbeatSeconds,
    () => ({
      type: 'heartbeat',
      state,
      ...place,
      usage: usage(),
      lastActivityAt: activity.lastAt,
      connections: guard.connections,
    }),
    beating.signal,
  )

  if (stopping.signal.aborted) {
    guard.close()
    return finish(ended('stopped', 'ended before the application was started'))
  }
  const app = startApplication({ file, argv, environment, directory }, tap)
  const polling = new AbortController()
  const exited = app.ended.then((exit) => {
    guard.close() // at once: whoever takes the port now must not be reached through us
    gate?.close()
    polling.abort()
    return exit
  })
  const stopped = aborted(stopping.signal)
  const leave = async (why: 'stopped' | 'never-ready', message: string): Promise<number> => {
    state = 'stopping'
    return finish(ended(why, message, await stopApplication(app, exited, claim.stopSeconds * 1000, clock)))
  }
  try {
    let next = await Promise.race([
      exited.then(() => 'exited' as const),
      stopped.then(() => 'stop' as const),
      waitUntilReady(connector, healthUrlPath(order), claim.readySeconds, clock, polling.signal).then((isReady) =>
        isReady ? 'ready' : polling.signal.aborted ? 'exited' : 'never-ready',
      ),
    ])
    if (next === 'ready') {
      state = 'ready'
      reporter.post({ type: 'ready', ...place, pid: app.pid, startedMs: clock.now() - startedAt })
      next = await Promise.race([exited.then(() => 'exited' as const), stopped.then(() => 'stop' as const)])
    }
    polling.abort()
    if (next === 'never-ready')
      return await leave(next, `the application did not answer within ${claim.readySeconds} s`)
    if (next === 'stop') return await leave('stopped', `ended in order: ${String(stopping.signal.reason)}`)
    const exit = await exited
    await clock.sleep(50) // the last words of a program that just died may still be in the pipe
    if (exit.startError)
      return await finish(ended('not-found', `${argv[0]} could not be started: ${exit.startError}`, exit))
    return await finish(ended('application', describeExit(exit), exit))
  } finally {
    app.close()
    guard.close()
    gate?.close()
  }
}

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

async function relay(
  visitor: Parameters<Parameters<typeof openGuardedSocket>[1]>[0],
  connector: AppConnector,
  touch: () => void,
): Promise<void> {
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

function exitStatus(end: End, fail: SessionOptions['fail'], message: string): number {
  switch (end.why) {
    case 'stopped':
      return 0
    case 'application':
      return end.exitCode ?? 128
    case 'not-found':
      return 127
    case 'never-ready':
      return fail('never-ready', message)
    case 'home':
      return fail('home-missing', message)
    default:
      return end.why === 'module' ? exitCodes['module-failed'] : fail('listen-failed', message)
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** A port that is free now. The application opens it itself a moment later; should someone else be faster, the owner check refuses him. */
function freeLoopbackPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
