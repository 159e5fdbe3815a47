import { Cancellation } from './cancellation.ts'
import { type Upstream, UpstreamError } from './upstream.ts'

/**
 * The same target with a limit on how long it thinks (ms): from the end of the request to the head of the answer, also that to an upgrade.
 * Then the connection is closed, and {@link UpstreamError} says `late`.
 */
export function withAnswerLimit(upstream: Upstream, limitMs: number): Upstream {
  const watch = (outer: Cancellation) => {
    const cancellation = new Cancellation()
    let timer: NodeJS.Timeout | undefined
    let isLate = false
    outer.listener = () => cancellation.cancel()
    return {
      cancellation,
      begin: (): void => {
        timer = setTimeout(() => {
          isLate = true
          cancellation.cancel()
        }, limitMs)
      },
      over: (): void => clearTimeout(timer),
      inWords: <E>(error: E): E | UpstreamError =>
        isLate ? new UpstreamError('late', { cause: new Error(`no answer in ${limitMs} ms`) }) : error,
    }
  }
  return {
    send(wanted) {
      const { cancellation, begin, over, inWords } = watch(wanted.cancellation)
      const { body } = wanted
      const settle = (): void => {
        over()
        body?.off('end', begin)
      }
      if (body === null || body.readableEnded) begin()
      else body.once('end', begin)
      upstream.send({
        ...wanted,
        cancellation,
        onAnswer(answer) {
          settle()
          wanted.onAnswer(answer)
        },
        onFailure(error) {
          settle()
          wanted.onFailure(inWords(error))
        },
      })
    },
    upgrade: async (wanted) => {
      const { cancellation, begin, over, inWords } = watch(wanted.cancellation)
      begin()
      try {
        return await upstream.upgrade({ ...wanted, cancellation })
      } catch (error) {
        throw inWords(error)
      } finally {
        over()
      }
    },
    close: () => upstream.close(),
  }
}
