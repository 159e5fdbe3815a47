import type { Ticket } from './protocol.ts'

/** What is wrong with the ticket, in words that hold nothing of its content. */
export class TicketError extends Error {
  override readonly name = 'TicketError'
}

/** Parse what the job script wrote to standard input. @throws {TicketError} */
export function parseTicket(text: string): Ticket {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new TicketError('the ticket on standard input is not JSON') // the parser's own message would quote the secret
  }
  if (typeof value !== 'object' || value === null) throw new TicketError('the ticket is not an object')
  const read = (key: keyof Ticket): unknown => Reflect.get(value, key)
  const string = (key: keyof Ticket): string => {
    const found = read(key)
    if (typeof found !== 'string' || found === '') throw new TicketError(`the ticket lacks ${key}`)
    return found
  }
  const number = (key: keyof Ticket): number => {
    const found = read(key)
    if (typeof found !== 'number' || !Number.isFinite(found) || found < 0)
      throw new TicketError(`the ticket lacks ${key}`)
    return found
  }
  const given = string('hubUrl')
  let end = given.length
  // Not by a pattern, which would search anew from each slash of a row.
  while (given[end - 1] === '/') end -= 1
  const hubUrl = given.slice(0, end)
  if (!/^https?:$/.test(URL.parse(hubUrl)?.protocol ?? '')) throw new TicketError('hubUrl is not an http(s) URL')
  return {
    protocol: number('protocol'),
    session: string('session'),
    attempt: number('attempt'),
    secret: string('secret'),
    hubUrl,
    hubPatienceSeconds: number('hubPatienceSeconds'),
    ...(read('mark') === true && { mark: true as const }),
  }
}
