/** Carries out what a hub orders, as far as the rules go. Ends when the hub is gone and the last command has ended. */
import type { Readable, Writable } from 'node:stream'
import type { Execute } from '../execute.ts'
import { decideCommand } from './decide-command.ts'
import type { Hello, RemoteAccount, RemoteAnswer, RemoteExecution, RemoteOrder } from './messages.ts'
import type { LoginNodeHolds } from './open-holds.ts'
import { NoOrder, parseOrder } from './parse-order.ts'
import type { Rules } from './parse-rules.ts'
import { readLines } from './read-lines.ts'

export interface ServeParts {
  readonly input: Readable
  readonly output: Writable
  readonly rules: Rules
  readonly hello: Hello
  readonly holds: LoginNodeHolds
  readonly execute: Execute
  lookUpAccount(key: string): Promise<RemoteAccount | null>
  now(): number
  /** A hub that has said nothing for so long has gone without a word, or will come again. */
  readonly idleMs: number
}

/** A job script with its arguments. */
const longestOrder = 8 * 2 ** 20
/** More than a hub runs at once. */
const atOnce = 100

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** @returns why it ended: `gone` when the hub closed, `idle`, or words about what was no order. */
export function serveOrders(parts: ServeParts): Promise<string> {
  const { input, output, rules, hello, holds } = parts
  const running = new Map<number, AbortController>()
  let ending: string | null = null

  return new Promise((resolve) => {
    const answer = (message: RemoteAnswer | Hello): void => {
      if (output.writable) output.write(`${JSON.stringify(message)}\n`)
    }
    const end = (why: string): void => {
      clearTimeout(idle)
      ending ??= why
      input.destroy()
      // What a lost hub had ordered goes on to its end: it may be a submit.
      if (running.size === 0) resolve(ending)
    }
    const idle = setTimeout(() => (running.size > 0 ? idle.refresh() : end('idle')), parts.idleMs)

    async function run(id: number, order: RemoteExecution): Promise<void> {
      const decision = decideCommand(order, rules, hello.account)
      if ('denied' in decision) return answer({ type: 'failed', id, words: decision.denied })
      if (running.size >= atOnce || running.has(id))
        return answer({ type: 'failed', id, words: 'the login node runs too many commands of this gateway' })
      const abort = new AbortController()
      running.set(id, abort)
      try {
        const holdPath = order.hold === null ? null : holds.pathOf(order.hold)
        const result = await parts.execute({ ...decision.execution, holdPath }, { signal: abort.signal })
        answer({ type: 'ended', id, end: result })
      } finally {
        running.delete(id)
        if (ending !== null && running.size === 0) resolve(ending)
      }
    }

    async function carryOut(order: RemoteOrder): Promise<void> {
      const { id } = order
      switch (order.type) {
        case 'execute':
          return run(id, order.execution)
        case 'abort':
          return running.get(id)?.abort()
        case 'hold':
          if (order.act === 'make') await holds.make(order.name)
          if (order.act === 'remove') holds.remove(order.name)
          return answer({ type: 'hold', id, state: holds.look(order.name) })
        case 'account':
          return answer({ type: 'account', id, account: await parts.lookUpAccount(order.key) })
        case 'clock':
          return answer({ type: 'clock', id, now: parts.now() })
      }
    }

    const take = readLines(longestOrder, (line) => {
      if (ending !== null) return
      idle.refresh()
      let order: RemoteOrder
      try {
        order = parseOrder(line)
      } catch (error) {
        if (!(error instanceof NoOrder) || error.id === null) throw error
        return answer({ type: 'failed', id: error.id, words: error.message })
      }
      carryOut(order).catch((error: unknown) => answer({ type: 'failed', id: order.id, words: wordsOf(error) }))
    })
    output.on('error', () => {}) // a hub that is gone needs no answer
    input.on('data', (chunk: Buffer) => {
      try {
        take(chunk)
      } catch (error) {
        end(wordsOf(error))
      }
    })
    for (const event of ['end', 'error', 'close']) input.once(event, () => end('gone'))
    answer(hello)
  })
}
