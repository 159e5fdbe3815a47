/** Reads what went over a connection, message by message, into one form: a body's chunks put together, and nothing else changed. */

/** One message as it was on the wire. */
export interface Message {
  /** Latin-1, a character is a byte. Chunks of the body are one chunk. Ends in `…` if the connection ended within it. */
  readonly text: string
  readonly isWhole: boolean
}

export interface Reading {
  readonly messages: readonly Message[]
  /** Bytes behind the last one that begin another, or are none. */
  readonly rest: string
}

const headerIn = (head: string, name: string): string | undefined =>
  new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, 'i').exec(head)?.[1]?.trimEnd()

/** @param methods of the requests, in order; the last one counts for all that follow. @param isOver nothing follows. */
export function readResponses(text: string, methods: readonly string[], isOver: boolean): Reading {
  const messages: Message[] = []
  let rest = text
  let answered = 0
  while (rest !== '') {
    const head = headOf(rest)
    if (head === null) break
    const after = rest.slice(head.length)
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
    if (status === 0) break
    if (status === 101) {
      messages.push({ text: rest, isWhole: true })
      return { messages, rest: '' }
    }
    const method = methods[Math.min(answered, methods.length - 1)] ?? 'GET'
    const isBare = status < 200 || status === 204 || status === 304 || method === 'HEAD'
    const body = isBare ? { text: '', rest: after } : readBody(head, after, isOver, 'close')
    if (body === null) {
      if (!isOver) break
      messages.push({ text: `${head}${partOf(head, after)}…`, isWhole: false })
      return { messages, rest: '' }
    }
    if (status >= 200) answered += 1
    messages.push({ text: head + body.text, isWhole: true })
    rest = body.rest
  }
  return { messages, rest }
}

/** @param isOver nothing follows. */
export function readRequests(text: string, isOver: boolean): Reading {
  const messages: Message[] = []
  let rest = text
  while (rest !== '') {
    const head = headOf(rest)
    if (head === null || !/^[!-~]+ [!-~]+ HTTP\/1\.[01]\r\n/.test(head)) break
    const after = rest.slice(head.length)
    if (/\r\nupgrade: *websocket\r\n/i.test(head)) {
      messages.push({ text: rest, isWhole: true })
      return { messages, rest: '' }
    }
    const body = readBody(head, after, isOver, 'none')
    if (body === null) {
      if (!isOver) break
      messages.push({ text: `${head}${partOf(head, after)}…`, isWhole: false })
      return { messages, rest: '' }
    }
    messages.push({ text: head + body.text, isWhole: true })
    rest = body.rest
  }
  return { messages, rest }
}

/** @returns the head with its empty line, or null if that has not come. */
export function headOf(text: string): string | null {
  const end = text.indexOf('\r\n\r\n')
  return end < 0 ? null : text.slice(0, end + 4)
}

function readBody(head: string, after: string, isOver: boolean, without: 'close' | 'none') {
  if (headerIn(head, 'transfer-encoding')?.toLowerCase() === 'chunked') return joinChunks(after)
  const length = headerIn(head, 'content-length')
  if (length !== undefined) {
    const size = Number(length)
    return after.length < size ? null : { text: after.slice(0, size), rest: after.slice(size) }
  }
  if (without === 'none') return { text: '', rest: after }
  return isOver ? { text: after, rest: '' } : null
}

/** @returns null if the last chunk, or its trailers, have not come. */
function joinChunks(text: string): { readonly text: string; readonly rest: string } | null {
  const { data, at } = chunksOf(text)
  if (at === null) return null
  const tail = text.slice(at)
  const end = tail.startsWith('0\r\n\r\n') ? 3 : tail.indexOf('\r\n\r\n') + 2
  if (!/^0[;\r]/.test(tail) || end < 3) return null
  const trailers = tail.slice(tail.indexOf('\r\n') + 2, end)
  return { text: `${chunk(data)}0\r\n${trailers}\r\n`, rest: tail.slice(end + 2) }
}

/** Whole chunks from the front. @returns where the last one, of no bytes, begins; null if it has not come, or what has come is none. */
function chunksOf(text: string): { readonly data: string; readonly at: number | null } {
  let data = ''
  let at = 0
  for (;;) {
    const size = /^([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n/.exec(text.slice(at, at + 200))
    if (size === null) return { data, at: null }
    const count = Number.parseInt(size[1] ?? '', 16)
    if (count === 0) return { data, at }
    const from = at + size[0].length
    if (text.slice(from + count, from + count + 2) !== '\r\n')
      return { data: data + text.slice(from, from + count), at: null }
    data += text.slice(from, from + count)
    at = from + count + 2
  }
}

/** What there is of a body that is not whole. */
const partOf = (head: string, after: string): string =>
  headerIn(head, 'transfer-encoding')?.toLowerCase() === 'chunked' ? chunksOf(after).data : after

/** One chunk; nothing for no bytes, which would end the body. */
export const chunk = (data: string): string => (data === '' ? '' : `${data.length.toString(16)}\r\n${data}\r\n`)

/** A whole chunked body. @param trailers lines without their ends. */
export const chunked = (data: string, trailers: readonly string[] = []): string =>
  `${chunk(data)}0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`
