import type { World } from './agent.ts'
import { claim } from './claim.ts'
import { type ExitWord, exitCodes } from './exit-codes.ts'
import type { HubClient } from './hub-client.ts'
import type { ClaimRequest, Ticket } from './protocol.ts'
import { redact, secretsOf } from './redact.ts'
import { openReporter } from './reporter.ts'

/** What the job script found wrong before the agent began. */
export interface PreflightFailure {
  readonly word: ExitWord
  readonly message: string
  /** What the failed command said, line by line. */
  readonly log: readonly string[]
}

/** The job can do nothing but tell: so long it keeps its node for that. Its exit status tells the same, more shortly. */
const patienceSeconds = 60

/** Read what the job script left in the environment; null if all was well. */
export function preflightFailure(environment: World['environment']): PreflightFailure | null {
  const [, word, message] = /^([a-z-]+) (.*)$/s.exec(environment.BATCHWAY_FAILURE ?? '') ?? []
  if (message === undefined || !isExitWord(word)) return null
  const said = (environment.BATCHWAY_FAILURE_LOG ?? '').split('\n')
  const log = said.filter((line) => line.trim() !== '' && !statistics.test(line))
  return { word, message: message.replace(/\s+/g, ' ').trim(), log }
}

/** What `dd` prints whether it failed or not. */
const statistics = /^\d+\+\d+ records (?:in|out)$|^\d+ bytes .*copied/

const isExitWord = (word: string | undefined): word is ExitWord => word !== undefined && Object.hasOwn(exitCodes, word)

export interface TellFailureOptions {
  readonly ticket: Ticket
  readonly request: ClaimRequest
  readonly hub: HubClient
  readonly log: (line: string) => void
  readonly fail: (word: ExitWord, message: string) => number
  readonly world: Pick<World, 'clock' | 'stop'>
}

/**
 * Claim the attempt only to say why it cannot run: nobody may be able to read the job's output, least of all where the home is
 * missing. @returns the job's exit status.
 */
export async function tellFailure(failure: PreflightFailure, options: TellFailureOptions): Promise<number> {
  const { ticket, request, hub, log, fail, world } = options
  const { clock } = world
  const patience = Math.min(patienceSeconds, ticket.hubPatienceSeconds)
  const tools = { hub, clock, log, signal: world.stop }
  const outcome = await claim({ ...ticket, hubPatienceSeconds: patience }, request, tools)
  if (outcome.kind === 'lost') {
    log(`nothing to do: ${outcome.message}`)
    return 0
  }
  if (outcome.kind !== 'won') return fail(failure.word, failure.message)
  const secrets = secretsOf(ticket, outcome.reply)
  const message = redact(failure.message, secrets)
  const reporter = openReporter(outcome.reply.claimToken, { hub, clock, log, onOrder: () => undefined })
  const until = clock.monotonic() + patience * 1000
  await reporter.finish(
    {
      type: 'exit',
      why: 'preflight',
      word: failure.word,
      exitCode: exitCodes[failure.word],
      signal: null,
      log: failure.log.map((line) => redact(line, secrets)),
      message,
      usage: { cpuSeconds: null, memoryBytes: null, memoryPeakBytes: null },
    },
    () => until - clock.monotonic(),
  )
  return fail(failure.word, message)
}
