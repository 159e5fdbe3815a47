/** What a page sees: the stream of a user's sessions, and when each change arrived. */
import type { SessionView } from '../../packages/batchway/src/api/session-view.ts'

export interface Followed extends Disposable {
  /** Newest view of each session, by id, with the time (`performance.now()`) it arrived. */
  readonly sessions: ReadonlyMap<string, { readonly view: SessionView; readonly at: number }>
  /** Why nothing is seen any more, while it is so. */
  lost(): Error | null
  /** Resolves with the time at which a session's view first satisfied `test`. */
  until(id: string, test: (view: SessionView) => boolean): Promise<number>
}

type Test = (view: SessionView) => boolean

export async function followSessions(url: string, headers: Record<string, string>): Promise<Followed> {
  const stop = new AbortController()
  const sessions = new Map<string, { view: SessionView; at: number }>()
  const waiting = new Map<string, { test: Test; resolve(at: number): void }[]>()
  const answer = await fetch(`${url}hub/api/sessions/events`, {
    headers,
    signal: stop.signal,
  })
  if (!answer.ok || !answer.body) throw new Error(`the stream of sessions answered ${answer.status}`)

  function take(view: SessionView): void {
    const at = performance.now()
    sessions.set(view.id, { view, at })
    const left = (waiting.get(view.id) ?? []).filter(({ test, resolve }) => {
      if (!test(view)) return true
      resolve(at)
      return false
    })
    waiting.set(view.id, left)
  }

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (data === undefined) continue
        const told: SessionView | SessionView[] = JSON.parse(data)
        for (const view of Array.isArray(told) ? told : [told]) take(view)
      }
    }
  }
  let lost: Error | null = null
  const reading = read(answer.body).then(
    () => {
      lost = new Error('the hub has closed the stream of sessions')
    },
    (cause: unknown) => {
      lost = new Error('the stream of sessions broke: does the hub still run?', { cause })
    },
  )

  return {
    sessions,
    lost: () => lost,
    until: (id, test) =>
      new Promise((resolve) => {
        const known = sessions.get(id)
        if (known && test(known.view)) return resolve(known.at)
        waiting.set(id, [...(waiting.get(id) ?? []), { test, resolve }])
      }),
    [Symbol.dispose]() {
      stop.abort()
      void reading
    },
  }
}
