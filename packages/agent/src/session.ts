import { randomBytes } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { openActivity } from './activity.ts'
import type { World } from './agent.ts'
import { applicationEnvironment, workingDirectory } from './environment.ts'
import { type ExitWord, exitCodes } from './exit-codes.ts'
import { findCommand } from './find-command.ts'
import { openGpuMeter } from './gpu-meter.ts'
import type { HubClient } from './hub-client.ts'
import { openLimits } from './limits.ts'
import { ListenError } from './listen-error.ts'
import { type ListeningPlace, openListeningPlace } from './listening-place.ts'
import { openOutputTap } from './output-tap.ts'
import type { ClaimReply, ClaimRequest, Report, Ticket, Usage } from './protocol.ts'
import { redact, secretsOf } from './redact.ts'
import { openReporter } from './reporter.ts'
import { warningsToAll } from './scheduler-signals.ts'
import { type End, ended, serve } from './serve.ts'
import { watchSessionProcesses } from './session-processes.ts'
import { StopReason, stopReasonOf } from './stop-reason.ts'
import { tidyHome } from './tidy-home.ts'
import { openUsageMeter } from './usage.ts'

/** The hub may be restarting while the job ends: so long the job keeps its node to tell how. */
const lastReportMs = 120_000
/** Less when the scheduler ends the job: its own patience (KillWait, 30 s in Slurm) is the limit. */
const hurriedReportMs = 20_000
const leastReportMs = 5_000
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

/** From the won claim to the exit report: whatever happens in between, nothing of the session is left when it returns. @returns the job's exit status. */
export async function runSession({ ticket, request, claim, hub, log, fail, world }: SessionOptions): Promise<number> {
  const { clock, environment: jobEnvironment } = world
  const secrets = secretsOf(ticket, claim)
  const say = (line: string) => log(redact(line, secrets))
  const tap = openOutputTap(secrets, world.write)
  const stopping = new AbortController()
  stopping.signal.addEventListener('abort', () => say(`ending: ${stopReasonOf(stopping.signal)}`), { once: true })
  const activity = openActivity(clock)
  const reporter = openReporter(claim.claimToken, {
    hub,
    clock,
    log: say,
    onOrder: (what) =>
      stopping.abort(new StopReason('stopped', what === 'stop' ? 'the hub asked for it' : 'the claim was revoked')),
    onReply: (reply) => {
      limits.learn(reply)
      if (reply.applicationPort !== undefined) moveTo(reply.applicationPort)
    },
    onBeat: ({ warnings = [] }) => limits.told(warnings),
  })
  const limits = openLimits(claim, {
    clock,
    activity,
    log: say,
    onEnd: (reason) => stopping.abort(reason),
    onWarnings: () => reporter.beatSoon(),
  })
  onAbort(world.stop, () => {
    const isWalltime = limits.isWalltimeOver
    stopping.abort(
      isWalltime
        ? new StopReason('walltime', 'the scheduler ended it with its walltime')
        : new StopReason('stopped', 'the scheduler asked for it'),
    )
  })
  const over = new AbortController()
  void limits.watchWalltime(over.signal)

  const { application: order } = claim
  const mark = randomBytes(16).toString('hex')
  const processes = watchSessionProcesses(
    applicationEnvironment(jobEnvironment, order, (text) => text, mark),
    clock,
  )
  const meter = openUsageMeter(processes.list)
  const gpuMeter = openGpuMeter(jobEnvironment)
  const usage = () => withGpus(meter(), gpuMeter())

  using places = new DisposableStack()
  let moveTo: ListeningPlace['moveTo'] = () => undefined
  const run = async (): Promise<End> => {
    const { uid } = world
    const temporary = jobEnvironment.TMPDIR
    const place = places.use(await openListeningPlace({ order, uid, clock, temporary, processes, log: say }))
    moveTo = place.moveTo
    const environment = applicationEnvironment(jobEnvironment, order, place.fill, mark)
    const argv = order.argv.map(place.fill)
    const directory = workingDirectory(order.directory, environment)
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
      return ended('home', `the working directory ${directory} is not there`)
    const file = findCommand(argv[0] ?? '', environment.PATH ?? '', directory)
    if (file === null) return ended('not-found', `${argv[0]} was not found on this node`)
    return serve({
      claim,
      node: request.node,
      start: { file, argv, environment, directory, ignored: warningsToAll(jobEnvironment) },
      connector: place.connector,
      hub,
      clock,
      activity,
      reporter,
      limits,
      log: say,
      tap,
      usage,
      stop: stopping.signal,
    })
  }
  const end = await run().catch((error: unknown) =>
    ended('agent', error instanceof ListenError ? error.message : `the agent failed: ${String(error)}`),
  )

  over.abort()
  const finalUsage = usage()
  const killed = await processes.end(killGraceMs)
  if (killed > 0) say(`${killed} processes of the session had to be killed`)
  places.dispose()
  removeRuntimeFolder(jobEnvironment.BATCHWAY_RUNTIME_DIR)
  const message = redact(end.message, secrets)
  log(message)
  const report: Report = { type: 'exit', ...end, message, log: tap.lines(), usage: finalUsage }
  const isTold = await reporter.finish(report, reportTime(world, limits.leftSeconds))
  if (!isTold) say('the hub could not be told about the end')
  // Last of all: nobody waits for it any more, not even where a home is slow.
  if (jobEnvironment.HOME) tidyHome(jobEnvironment.HOME, Date.now())
  return exitStatus(end, message, isTold, fail)
}

const withGpus = (usage: Usage, gpus: Usage['gpus']): Usage => (gpus === undefined ? usage : { ...usage, gpus })

/** How long the last report may still take, in milliseconds, at each moment: never beyond the walltime, which is a harder end. */
function reportTime({ clock, stop }: World, leftSeconds: number | null): () => number {
  const mostMs = leftSeconds === null ? lastReportMs : Math.max(leastReportMs, leftSeconds * 1000 - killGraceMs)
  let until = clock.monotonic() + Math.min(lastReportMs, mostMs)
  onAbort(stop, () => {
    until = Math.min(until, clock.monotonic() + hurriedReportMs)
  })
  return () => until - clock.monotonic()
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
}

/** The job script made it under this name; anything else that a variable may name is not ours to remove. */
function removeRuntimeFolder(path: string | undefined): void {
  if (path && basename(path).startsWith('batchway-')) rmSync(path, { recursive: true, force: true })
}

/** What the hub would take for our own words, were it an application's status that is all it gets. */
const spoken: ReadonlySet<number> = new Set([exitCodes.walltime, exitCodes.idle, exitCodes['never-ready']])

/** To Grid Engine no statuses but orders: to start the job again, to set it into an error state. */
const commands: ReadonlySet<number> = new Set([99, 100])

/** @param isTold does the hub know how it ended? Else the job's status is all that will tell. */
function exitStatus(end: End, message: string, isTold: boolean, fail: SessionOptions['fail']): number {
  switch (end.why) {
    case 'stopped':
      return 0
    case 'walltime':
    case 'idle':
      return isTold ? 0 : fail(end.why, message)
    case 'application': {
      const status = end.exitCode ?? 128
      return (isTold || !spoken.has(status)) && !commands.has(status) ? status : 1
    }
    case 'not-found':
      return 127
    case 'never-ready':
      return fail('never-ready', message)
    case 'home':
      return fail('home-missing', message)
    case 'module':
      return exitCodes['module-failed']
    case 'agent':
      return fail(message.startsWith('the agent failed') ? 'agent-failed' : 'listen-failed', message)
  }
}
