/** A login node as the hub uses it: connected when somebody asks, and again, more and more slowly, while that fails. */
import { setTimeout as delay } from 'node:timers/promises'
import { SchedulerError } from '../driver.ts'
import type { End, Execute } from '../execute.ts'
import type { HoldState } from '../hold.ts'
import type { Hello, RemoteAccount, RemoteAnswer, RemoteOrder } from '../login-node/messages.ts'
import { type Run, runBy } from '../run.ts'
import { type Connection, connectLoginNode, NotConnected, type Reach } from './connect-login-node.ts'
import type { SshFailure } from './ssh-words.ts'

export interface LoginNode extends Disposable {
  /** For messages. */
  readonly name: string
  /** Runs commands there. @see sshTransport */
  readonly run: Run
  /** Holds have names there, no paths. @throws {SchedulerError} as for all below: `unavailable`. */
  makeHold(name: string): Promise<void>
  holdState(name: string): Promise<HoldState>
  /** Now or never: nobody waits for it. */
  releaseHold(name: string): void
  /** By login name or uid; null where nobody has it. */
  lookUpAccount(key: string): Promise<RemoteAccount | null>
  /** What it said of itself when it was last reached. */
  hello(): Promise<Hello>
  /** Its clock, Unix milliseconds. */
  clock(): Promise<number>
  /** Of what is connected now. */
  readonly pid: number | undefined
}

export interface LoginNodeOptions {
  /** For messages. */
  readonly name: string
  readonly reach: Reach
  readonly log?: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
  readonly random?: () => number
  /** Pause after the first failure; doubled with each, up to thirty times as much. */
  readonly pauseMs?: number
  /** How long a question may wait for a connection, and then for its answer. */
  readonly patienceMs?: number
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

/** What is known of a command whose connection was lost: it may run on, and nobody hears it. */
const lostWithConnection: End = {
  isOver: false,
  exitCode: null,
  signal: null,
  stop: 'runner',
  hasReadAll: false,
  startError: null,
  stdout: '',
  stderr: '',
}

/** Beyond a command's own limits, for the way. */
const slackMs = 20_000

export function openLoginNode({
  name,
  reach,
  log,
  random = Math.random,
  pauseMs = 1_000,
  patienceMs = 20_000,
}: LoginNodeOptions): LoginNode {
  let open: Connection | null = null
  let attempt: Promise<Connection> | null = null
  let failures = 0
  let nextAt = 0
  let lastId = 0
  let isClosed = false
  let last: SshFailure = { words: 'no answer yet', isFinal: false }

  function failed(failure: SshFailure, message: string): void {
    failures += 1
    last = failure
    const { words } = failure
    const doubled = Math.min(pauseMs * 2 ** (failures - 1), pauseMs * 30)
    nextAt = performance.now() + doubled * (0.5 + random() / 2)
    if (!isClosed) log?.warn({ loginNode: name, words, failures }, message)
  }

  async function connect(): Promise<Connection> {
    const wait = nextAt - performance.now()
    if (wait > 0) await delay(wait, null, { ref: false }) // who waits for it has a timer of his own
    const beganAt = performance.now()
    try {
      const made: Connection = await connectLoginNode(reach, (failure) => {
        if (open === made) open = null
        // One that lived is tried again at once; one that dies again and again is not.
        if (performance.now() - beganAt > 30_000) failures = 0
        failed({ ...failure, isFinal: false }, 'connection to the login node ended')
      })
      open = made
      const { version, host } = made.hello
      log?.info({ loginNode: name, host, version }, 'connected to the login node')
      return made
    } catch (error) {
      if (error instanceof NotConnected)
        failed({ words: error.message, isFinal: error.isFinal }, 'the login node cannot be reached')
      throw error
    }
  }

  /** @throws {SchedulerError} `unavailable`, with `wasSent` false, if there is none within the limit. */
  async function connected(limitMs: number, signal?: AbortSignal): Promise<Connection> {
    const deadline = performance.now() + limitMs
    // Somebody must change something first; how often it is tried again is the pause's business.
    if (open === null && last.isFinal && performance.now() < nextAt) throw notReached(last.words)
    while (open === null) {
      if (signal?.aborted) throw notReached('given up before it was reached')
      if (isClosed) throw notReached('the gateway is ending')
      if (attempt === null) {
        attempt = connect().finally(() => {
          attempt = null
        })
        attempt.catch(() => {}) // those who wait may have gone before it fails
      }
      const left = deadline - performance.now()
      const stop = new AbortController()
      const late = delay(Math.max(left, 0), null, { signal: anyOf(stop.signal, signal) }).catch(() => null)
      try {
        await Promise.race([attempt, late])
        if (open === null && !signal?.aborted && performance.now() >= deadline) throw notReached(last.words)
      } catch (error) {
        if (!(error instanceof NotConnected)) throw error
        if (error.isFinal || performance.now() >= deadline) throw notReached(error.message)
      } finally {
        stop.abort()
      }
    }
    return open
  }

  const notReached = (why: string): SchedulerError =>
    new SchedulerError('unavailable', `The login node ${name} cannot be reached: ${why}`, { wasSent: false })

  /** @returns `gone` if the connection ended after the order was sent. @throws {SchedulerError} */
  async function ask(
    order: WithoutId<RemoteOrder>,
    limits: { readonly connectMs: number; readonly answerMs: number },
    signal?: AbortSignal,
  ): Promise<RemoteAnswer | 'gone'> {
    const connection = await connected(limits.connectMs, signal)
    lastId += 1
    const id = lastId
    const abort = (): void => connection.tell({ type: 'abort', id })
    signal?.addEventListener('abort', abort)
    try {
      const answer = await connection.ask({ ...order, id }, limits.answerMs)
      if (answer === 'gone') return answer
      failures = 0
      if (answer.type === 'failed') throw new SchedulerError('unavailable', `${name}: ${answer.words}`)
      return answer
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  const limits = { connectMs: patienceMs, answerMs: patienceMs + slackMs }
  const lost = (): SchedulerError =>
    new SchedulerError('unavailable', `The connection to the login node ${name} was lost`)

  const execute: Execute = async (execution, { signal }) => {
    const { environment, timeoutMs, graceMs, outputLimitBytes } = execution
    const { PATH: _path, HOME: _home, LC_ALL: _locale, TZ: _zone, ...variables } = environment
    const order = {
      file: execution.file,
      args: execution.args,
      account: execution.runAs ?? null,
      variables,
      stdin: execution.stdin,
      timeoutMs,
      graceMs,
      outputLimitBytes,
      hold: execution.holdPath,
    }
    const answerMs = timeoutMs + 2 * graceMs + slackMs
    const answer = await ask({ type: 'execute', execution: order }, { connectMs: timeoutMs, answerMs }, signal)
    return answer !== 'gone' && answer.type === 'ended' ? answer.end : lostWithConnection
  }

  return {
    name,
    run: runBy(execute),
    async makeHold(hold) {
      if ((await ask({ type: 'hold', name: hold, act: 'make' }, limits)) !== 'gone') return
      // Nothing of the submit was sent yet.
      throw notReached('the connection was lost')
    },
    async holdState(hold) {
      const answer = await ask({ type: 'hold', name: hold, act: 'look' }, limits)
      if (answer === 'gone' || answer.type !== 'hold') throw lost()
      return answer.state
    },
    releaseHold(hold) {
      lastId += 1
      open?.tell({ type: 'hold', id: lastId, name: hold, act: 'remove' })
    },
    async lookUpAccount(key) {
      const answer = await ask({ type: 'account', key }, limits)
      if (answer === 'gone' || answer.type !== 'account') throw lost()
      return answer.account
    },
    hello: async () => (await connected(patienceMs)).hello,
    async clock() {
      const answer = await ask({ type: 'clock' }, limits)
      if (answer === 'gone' || answer.type !== 'clock') throw lost()
      return answer.now
    },
    get pid() {
      return open?.pid
    },
    [Symbol.dispose]() {
      isClosed = true
      open?.close()
      open = null
    },
  }
}

const anyOf = (...signals: readonly (AbortSignal | undefined)[]): AbortSignal =>
  AbortSignal.any(signals.filter((signal) => signal !== undefined))
