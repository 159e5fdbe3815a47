/** Bytes out, answers in: a client that takes nothing for granted. */
import { connect } from 'node:net'

export type Place = { readonly port: number } | { readonly path: string }

export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** What is wrong with an answer as RFC 9112 has it. */
export class Malformed extends Error {}

const statusLine = /^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/
const field = /^([!#$%&'*+.^_`|~\w-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/

/**
 * Read answers from the front of a text.
 * @param methods of the requests, in order: whether an answer has a body depends on it.
 * @param isOver nothing follows: a body without a length ends here.
 * @returns those that are complete. @throws {Malformed}
 */
export function readAnswers(
  text: string,
  methods: readonly string[],
  isOver: boolean,
): { readonly answers: readonly Answer[]; readonly rest: string } {
  const answers: Answer[] = []
  let rest = text
  let last = ''
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) break
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const status = Number(statusLine.exec(first)?.[1] ?? 0)
    if (status === 0) throw new Malformed(`not a status line: ${JSON.stringify(first.slice(0, 200))}`)
    const headers = new Map<string, string>()
    for (const line of lines) {
      const [, name, value] = field.exec(line) ?? []
      if (name === undefined || value === undefined)
        throw new Malformed(`not a header: ${JSON.stringify(line.slice(0, 200))}`)
      const lower = name.toLowerCase()
      if (headers.has(lower) && lower === 'content-length') throw new Malformed('two lengths')
      headers.set(lower, value)
    }
    const after = rest.slice(end + 4)
    if (status < 200 && status !== 101) {
      rest = after
      continue
    }
    const method = methods[Math.min(answers.length, methods.length - 1)] ?? 'GET'
    const body = readBody(after, { method, status, headers, isOver })
    if (body === null) break
    last = rest
    answers.push({ status, headers, body: body.text })
    rest = body.rest
    if (last === rest) break
  }
  return { answers, rest }
}

function readBody(
  text: string,
  {
    method,
    status,
    headers,
    isOver,
  }: {
    readonly method: string
    readonly status: number
    readonly headers: ReadonlyMap<string, string>
    readonly isOver: boolean
  },
): { readonly text: string; readonly rest: string } | null {
  if (method === 'HEAD' || status === 204 || status === 304) return { text: '', rest: text }
  if (status === 101) return { text, rest: '' }
  const length = headers.get('content-length')
  const coding = headers.get('transfer-encoding')
  if (length !== undefined && coding !== undefined) throw new Malformed('a length and a coding')
  if (length !== undefined) {
    if (!/^\d+$/.test(length)) throw new Malformed(`length ${length}`)
    return text.length < Number(length)
      ? null
      : { text: text.slice(0, Number(length)), rest: text.slice(Number(length)) }
  }
  if (coding === undefined) return isOver ? { text, rest: '' } : null
  if (coding.toLowerCase() !== 'chunked') throw new Malformed(`coding ${coding}`)
  let body = ''
  let at = 0
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/i.exec(text.slice(at, at + 20))
    if (line === null) {
      if (text.length - at >= 20) throw new Malformed('not a chunk')
      return null
    }
    const size = Number.parseInt(line[1] ?? '', 16)
    const start = at + line[0].length
    if (text.length < start + size + 2) return null
    if (text.slice(start + size, start + size + 2) !== '\r\n') throw new Malformed('a chunk without its end')
    if (size === 0) return { text: body, rest: text.slice(start + 2) }
    body += text.slice(start, start + size)
    at = start + size + 2
  }
}

export interface Sent {
  /** Latin-1: a character is a byte. */
  readonly bytes: string
  readonly methods: readonly string[]
  /** Whether one answer at least must come. If not, the end of what we send is all that the other side can act upon. */
  readonly isComplete: boolean
}

export interface Outcome {
  readonly answers: readonly Answer[]
  readonly ended: 'answered' | 'closed' | 'reset' | 'hung'
  readonly text: string
}

/** So long a quiet or a busy machine may take; whoever takes longer hangs. */
const patienceMs = 60_000

/** Send everything at once, and wait for an answer or for the end. @throws {Malformed} */
export async function exchange(
  place: Place,
  { bytes, methods, isComplete }: Sent,
  limitMs = patienceMs,
): Promise<Outcome> {
  const socket = connect({ ...place, allowHalfOpen: true })
  const chunks: string[] = []
  let text = ''
  const { promise, resolve } = Promise.withResolvers<Outcome['ended']>()
  const timer = setTimeout(() => resolve('hung'), limitMs)
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    chunks.push(chunk)
    if (!isComplete) return
    text = chunks.join('')
    try {
      if (readAnswers(text, methods, false).answers.length > 0) resolve('answered')
    } catch {
      resolve('answered') // thrown again below, where somebody listens
    }
  })
  socket.on('end', () => resolve('closed'))
  socket.on('error', () => resolve('reset'))
  socket.on('close', () => resolve('closed'))
  if (isComplete) socket.write(bytes, 'latin1')
  else socket.end(bytes, 'latin1')
  try {
    const ended = await promise
    text = chunks.join('')
    const { answers } = readAnswers(text, methods, ended === 'closed' || ended === 'reset')
    return { answers, ended, text }
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}
