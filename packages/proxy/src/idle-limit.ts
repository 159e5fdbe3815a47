import { PassThrough, pipeline } from 'node:stream'
import { Cancellation } from './cancellation.ts'
import type { Upstream } from './upstream.ts'

/**
 * The same target with a limit on silence: when neither side of an exchange has moved for so long (ms), its connection is closed.
 * WebSockets that stand are left alone.
 */
export function withIdleLimit(upstream: Upstream, limitMs: number): Upstream {
  const watch = (outer: Cancellation) => {
    const cancellation = new Cancellation()
    const end = () => cancellation.cancel()
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
    outer.listener = () => {
      over()
      cancellation.cancel()
    }
    return { cancellation, over, seen }
  }
  return {
    send(wanted) {
      const { cancellation, over, seen } = watch(wanted.cancellation)
      upstream.send({
        ...wanted,
        cancellation,
        // Not `pipeline`: a target that answers early must not destroy the request, whose socket carries the answer.
        body: wanted.body === null ? null : wanted.body.pipe(seen()),
        onAnswer(answer) {
          if (!Buffer.isBuffer(answer.body)) {
            wanted.onAnswer({ ...answer, body: pipeline(answer.body, seen(), over) })
            return
          }
          over()
          wanted.onAnswer(answer)
        },
        onFailure(error) {
          over()
          wanted.onFailure(error)
        },
      })
    },
    upgrade: async (wanted) => {
      const { cancellation, over } = watch(wanted.cancellation)
      try {
        return await upstream.upgrade({ ...wanted, cancellation })
      } finally {
        over()
      }
    },
    close: () => upstream.close(),
  }
}
