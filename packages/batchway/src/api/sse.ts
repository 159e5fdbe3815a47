/** Server-sent events that hold nobody's memory: what a slow reader has not taken is replaced by the newer message of the same key. */

export interface SseSource {
  /** @param key a later message of the same key replaces one that was not read yet. */
  send(key: string, data: unknown, event?: string): void
  /** Let everything out that was sent, then end the stream. */
  close(): void
}

export interface SseOptions {
  readonly keepAliveMs: number
  /** Call `run` every `ms` until the returned function is called. */
  every(ms: number, run: () => void): () => void
  /** Asked with each keep-alive; a stream must not outlive the right to read it. */
  isStillAllowed(): Promise<boolean>
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** HEAD: the headers, and nothing is opened. */
  readonly headersOnly: boolean
}

const sseHeaders = {
  'Content-Type': 'text/event-stream',
  // `no-transform` and nginx's own header: a buffering or compressing front server would hold events back.
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
}

/** @param open starts whatever feeds the stream, and returns how to stop it; called once. */
export function sseResponse(open: (source: SseSource) => () => void, options: SseOptions): Response {
  const headers = { ...options.headers, ...sseHeaders }
  if (options.headersOnly) return new Response(null, { headers })
  const encoder = new TextEncoder()
  const waiting = new Map<string, string>()
  let closing = false
  let isOver = false
  let pull = (): void => {}
  const undo: (() => void)[] = []
  const stop = (): void => {
    isOver = true
    waiting.clear()
    for (const each of undo.splice(0)) each()
  }

  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const drain = (): void => {
        if (isOver) return
        for (const [key, text] of waiting) {
          if ((controller.desiredSize ?? 0) <= 0) return
          waiting.delete(key)
          controller.enqueue(encoder.encode(text))
        }
        if (closing) end()
      }
      const end = (): void => {
        if (isOver) return
        stop()
        controller.close()
      }
      pull = drain
      const put = (key: string, text: string): void => {
        if (isOver || closing) return
        // Delete first: a replaced message moves to the end, so that the order stays the order of events.
        waiting.delete(key)
        waiting.set(key, text)
        drain()
      }
      undo.push(
        options.every(options.keepAliveMs, () => {
          put('keep-alive', '\n\n')
          options.isStillAllowed().then((allowed) => (allowed ? undefined : end()), end)
        }),
      )
      options.signal.addEventListener('abort', end, { once: true })
      undo.push(() => options.signal.removeEventListener('abort', end))
      put('keep-alive', '\n\n')
      const close = open({
        send(key, data, event) {
          // JSON has no raw line breaks, so one data line is always enough.
          put(`m:${key}`, `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`)
        },
        close() {
          closing = true
          drain()
        },
      })
      if (isOver) close()
      else undo.push(close)
    },
    pull: () => pull(),
    cancel: stop,
  })
  return new Response(stream, { headers })
}
