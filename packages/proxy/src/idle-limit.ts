import { PassThrough, pipeline } from 'node:stream'
import type { Upstream } from './upstream.ts'

/**
 * The same target with a limit on silence: when neither side of an exchange has moved for so long (ms), its connection is closed.
 * WebSockets that stand are left alone.
 */
export function withIdleLimit(upstream: Upstream, limitMs: number): Upstream {
  const watch = (signal: AbortSignal) => {
    const silence = new AbortController()
    const end = () => silence.abort(new Error(`nothing from the target in ${limitMs} ms`))
    let timer = setTimeout(end, limitMs)
    const over = (): void => clearTimeout(timer)
    const moved = (): void => {
      over()
      timer = setTimeout(end, limitMs)
    }
    /** Bytes on their way are seen as they pass: who listens beside the reader would make them flow before it is there. */
    const seen = (): PassThrough =>
      new PassThrough({
        transform: (chunk, _coding, done) => {
          moved()
          done(null, chunk)
        },
      })
    signal.addEventListener('abort', over, { once: true })
    return { signal: AbortSignal.any([signal, silence.signal]), over, seen }
  }
  return {
    send: async (wanted) => {
      const { signal, over, seen } = watch(wanted.signal)
      try {
        // Not `pipeline`: a target that answers early must not destroy the request, whose socket carries the answer.
        const body = wanted.body === null ? null : wanted.body.pipe(seen())
        const answer = await upstream.send({ ...wanted, signal, body })
        if (Buffer.isBuffer(answer.body)) {
          over()
          return answer
        }
        return { ...answer, body: pipeline(answer.body, seen(), over) }
      } catch (error) {
        over()
        throw error
      }
    },
    upgrade: async (wanted) => {
      const { signal, over } = watch(wanted.signal)
      try {
        return await upstream.upgrade({ ...wanted, signal })
      } finally {
        over()
      }
    },
    close: () => upstream.close(),
  }
}
