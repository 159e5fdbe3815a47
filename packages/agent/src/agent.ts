import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { agentVersion } from './agent-version.ts'
import { claim } from './claim.ts'
import { claimMark } from './claim-mark.ts'
import type { Clock } from './clock.ts'
import { type ExitWord, errorLine, exitCodes } from './exit-codes.ts'
import { openHubClient } from './hub-client.ts'
import { jobIdentity } from './job-identity.ts'
import { preflightFailure, tellFailure } from './preflight-failure.ts'
import { type ClaimRequest, protocolVersion } from './protocol.ts'
import { runSession } from './session.ts'
import { parseTicket, TicketError } from './ticket.ts'

/** What the agent needs of the world. `stop` aborts when the scheduler wants the job to end. */
export interface World {
  readonly ticketText: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly uid: number
  readonly clock: Clock
  /** Writes to the job's output. */
  readonly write: (text: string) => void
  /** Has what was written reach the disk: on a shared file system others see it only then. */
  readonly flush: () => void
  readonly stop: AbortSignal
}

/** Run one attempt from the claim to the exit report. @returns the job's exit status. */
export async function runAgent(world: World): Promise<number> {
  const { environment, clock, write, stop } = world
  const log = (line: string) => write(`batchway: ${line}\n`)
  const fail = (word: ExitWord, message: string): number => {
    write(`${errorLine(word, message)}\n`)
    return exitCodes[word]
  }

  let ticket: ReturnType<typeof parseTicket>
  try {
    ticket = parseTicket(world.ticketText)
  } catch (error) {
    if (error instanceof TicketError) return fail('ticket-invalid', error.message)
    throw error
  }
  const request: ClaimRequest = {
    protocol: protocolVersion,
    session: ticket.session,
    attempt: ticket.attempt,
    nonce: randomBytes(16).toString('hex'),
    ...jobIdentity(environment, hostname(), readText),
    uid: world.uid,
    agentVersion,
  }
  const hub = openHubClient(ticket.hubUrl)
  if (ticket.mark) {
    write(`${claimMark(request.nonce)}\n`)
    world.flush()
  }
  const failure = preflightFailure(environment)
  if (failure) return tellFailure(failure, { ticket, request, hub, log, fail, world })
  const outcome = await claim(ticket, request, { hub, clock, log, signal: stop })
  switch (outcome.kind) {
    case 'lost':
      log(`nothing to do: ${outcome.message}`)
      return 0
    case 'aborted':
      log('the scheduler ended the job before it could start')
      return 0
    case 'refused':
      return fail(
        outcome.code === 'protocol' ? 'protocol-mismatch' : 'claim-refused',
        `the hub refused this job: ${outcome.message}`,
      )
    case 'unreachable':
      return fail(
        'hub-not-reachable',
        `no answer from ${ticket.hubUrl} within ${ticket.hubPatienceSeconds} s: ${outcome.message}`,
      )
    case 'won':
      return runSession({ ticket, request, claim: outcome.reply, hub, log, fail, world })
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
