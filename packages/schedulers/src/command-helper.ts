/**
 * The program that starts processes for a hub: small, so that each start copies the page tables of a small process, and apart, so that the
 * hub's event loop does not stand still meanwhile. It ends when the hub is gone and the last command has ended.
 */
import { execute } from './execute.ts'
import type { HelperAnswer, HelperOrder } from './helper-messages.ts'
import { makeHold } from './hold.ts'

const aborts = new Map<number, AbortController>()

/** A hub that is gone needs no answer; what it had ordered goes on. */
function answer(message: HelperAnswer): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

async function carryOut(order: Exclude<HelperOrder, { type: 'abort' }>): Promise<void> {
  const { id } = order
  if (order.type === 'hold') {
    await makeHold(order.path)
    return answer({ type: 'held', id })
  }
  const abort = new AbortController()
  aborts.set(id, abort)
  try {
    const onSpawn = (pid: number): void => answer({ type: 'spawned', id, pid })
    answer({ type: 'ended', id, end: await execute(order.execution, { signal: abort.signal, onSpawn }) })
  } finally {
    aborts.delete(id)
  }
}

process.on('message', (order: HelperOrder) => {
  if (order.type === 'abort') return aborts.get(order.id)?.abort()
  carryOut(order).catch((error: unknown) =>
    answer({ type: 'failed', id: order.id, words: error instanceof Error ? error.message : String(error) }),
  )
})
// Ctrl-C at the hub's terminal is for the hub, which then disconnects.
process.on('SIGINT', () => {})
