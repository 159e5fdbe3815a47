/** The agents of all sleeping jobs, in one process: they claim, prove their keys, beat, and fall silent on command. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer } from 'node:tls'
import type { ClaimReply, ClaimRequest, Report, Ticket } from '@batchway/agent'

export interface SleepingJob {
  readonly jobId: string
  readonly session: string
  /** Of the `sleep` that the job is. */
  readonly pid: number
}

export interface Fleet extends AsyncDisposable {
  /** Jobs whose claim won, by session. */
  readonly jobs: ReadonlyMap<string, SleepingJob>
  /** Messages sent, by type and status: `heartbeat 200`. */
  readonly sent: Readonly<Record<string, number>>
  /** No more messages, as if every agent were cut off; connections to them still succeed. */
  silence(): void
}

interface Agent {
  readonly ticket: Ticket
  readonly job: SleepingJob
  readonly reply: ClaimReply
}

const usage = { cpuSeconds: 1, memoryBytes: 4 << 20, memoryPeakBytes: 4 << 20 }

export async function openFleet(spool: string, uid: number): Promise<Fleet> {
  const stop = new AbortController()
  const keys = new Map<string, Buffer>()
  const agents = new Map<string, Agent>()
  const jobs = new Map<string, SleepingJob>()
  const sent: Record<string, number> = {}
  let isSilent = false

  const server = createServer({
    ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    pskCallback: (_socket, identity) => keys.get(identity) ?? randomBytes(32),
  })
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).end())
  server.on('tlsClientError', () => undefined)
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  async function post(url: string, secret: string, body: unknown): Promise<Response> {
    return fetch(url, {
      method: 'POST',
      headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: stop.signal,
    })
  }

  async function claim(line: string, ticket: Ticket): Promise<void> {
    const [jobId = '', restart = '0', node = '', pid = '0'] = line.split(' ')
    const request: ClaimRequest = {
      protocol: ticket.protocol,
      session: ticket.session,
      attempt: ticket.attempt,
      nonce: randomBytes(16).toString('hex'),
      jobId,
      restart: Number(restart),
      node,
      uid,
      agentVersion: 'fleet',
    }
    for (;;) {
      const answer = await post(`${ticket.hubUrl}/agent/claim`, ticket.secret, request).catch(unanswered('claim'))
      if (answer === null) {
        await delay(1_000, undefined, { signal: stop.signal })
        continue
      }
      count(`claim ${answer.status}`)
      if (answer.status === 200) {
        const reply = (await answer.json()) as ClaimReply
        keys.set(reply.psk.identity, Buffer.from(reply.psk.key, 'hex'))
        const job = { jobId, session: ticket.session, pid: Number(pid) }
        const agent = { ticket, job, reply }
        await report(agent, { type: 'ready', host: node, port, pid: job.pid, startedMs: 0 })
        agents.set(jobId, agent)
        jobs.set(ticket.session, job)
        return
      }
      await answer.body?.cancel()
      if (answer.status === 409 || answer.status === 403) return
      await delay(250, undefined, { signal: stop.signal })
    }
  }

  const count = (what: string): void => {
    sent[what] = (sent[what] ?? 0) + 1
  }

  /** As a real agent: what was not heard is not the end. It counts, so that the figures tell of it. */
  const unanswered =
    (what: string) =>
    (error: unknown): null => {
      if (stop.signal.aborted || !(error instanceof TypeError)) throw error
      const { cause } = error
      count(`${what} ${cause instanceof Error && 'code' in cause ? cause.code : error.message}`)
      return null
    }

  async function report({ ticket, reply }: Agent, body: Report): Promise<void> {
    const answer = await post(`${ticket.hubUrl}/agent/report`, reply.claimToken, body).catch(unanswered(body.type))
    if (answer === null) return
    count(`${body.type} ${answer.status}`)
    await answer.body?.cancel()
  }

  /** Takes tickets as they come; each claim runs by itself. */
  async function takeTickets(): Promise<void> {
    while (!stop.signal.aborted) {
      for (const name of readdirSync(spool).filter((file) => file.endsWith('.ticket'))) {
        const file = join(spool, name)
        const text = readFileSync(file, 'utf8')
        rmSync(file)
        const end = text.indexOf('\n')
        void claim(text.slice(0, end), JSON.parse(text.slice(end)) as Ticket).catch(ignoreAbort)
      }
      await delay(50, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }

  /** A tenth of the agents each second: every ten seconds each. */
  async function beat(): Promise<void> {
    for (let turn = 0; !stop.signal.aborted; turn++) {
      const due = isSilent ? [] : [...agents.values()].filter(({ job }) => Number(job.jobId) % 10 === turn % 10)
      for (const agent of due)
        void report(agent, {
          type: 'heartbeat',
          state: 'ready',
          host: '127.0.0.1',
          port,
          usage,
          lastActivityAt: null,
          connections: 0,
        }).catch(ignoreAbort)
      await delay(1_000, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const running = [takeTickets(), beat()]

  return {
    jobs,
    sent,
    silence: () => {
      isSilent = true
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      server.close()
      await Promise.all(running)
    },
  }
}

/** An agent whose bench is over says nothing. */
const ignoreAbort = (error: unknown): void => {
  if (error instanceof Error && error.name === 'AbortError') return
  throw error
}
