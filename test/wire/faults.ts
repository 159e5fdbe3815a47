import type { Outcome, Sent } from './exchange.ts'

/** Bytes of a head that hub and proxy read. */
const longestHead = 32_768

/** What nobody may get: a failure of ours, silence. @returns null if all is well. */
export function faultOf(sent: Sent, { answers, ended }: Outcome): string | null {
  if (ended === 'hung') return 'neither answered nor closed'
  // 503: an application that is not there (the proxy), a claim that may be tried again. 501: RFC 9112 6.1, a coding that is not known; a tunnel.
  const failed = answers.find(({ status }) => status >= 500 && status !== 503 && status !== 501)
  if (failed !== undefined) return `answered ${failed.status}`
  if (answers.some(({ status }) => status === 501) && !/transfer-encoding|\bCONNECT /i.test(sent.bytes))
    return 'answered 501'
  // Who is answered before everything was read may lose the answer: the kernel resets a connection with unread bytes (RFC 9112 9.6).
  const isCutOff = ended === 'reset' && sent.bytes.length > longestHead
  if (sent.isComplete && answers.length === 0 && !isCutOff) return `a whole request got no answer, but was ${ended}`
  return null
}
