/** Requests and answers with mistakes, each from a seed. A character is a byte (Latin-1). */
import type { Random } from '../e2e/support/random.ts'

/** What stands in the target of a request, and in what an application says to it: whose it is. */
export const markOf = (connection: number, index: number): string => {
  const name = `${connection}.${index}`
  return `${name}.${sumOf(name)}`
}
const sumOf = (text: string): string => {
  let sum = 2_166_136_261
  for (let at = 0; at < text.length; at += 1) sum = Math.imul(sum ^ text.charCodeAt(at), 16_777_619) >>> 0
  return sum.toString(36)
}
/** @returns whose it is, or null if no mark is there as a whole. */
export function readMark(text: string): { readonly connection: number; readonly index: number } | null {
  const [, connection = '', index = '', sum = ''] = /(\d+)\.(\d+)\.([0-9a-z]+)/.exec(text) ?? []
  return sum !== '' && sumOf(`${connection}.${index}`) === sum
    ? { connection: Number(connection), index: Number(index) }
    : null
}

const paths = [
  '/',
  '/a',
  '/a/b/',
  '/a%20b',
  '/%7e',
  '//a',
  '/a;b',
  '/constructor',
  '/__proto__',
  '/jos%c3%a9',
  '/a//b',
  '/.a',
  '/x'.repeat(60),
]
const softLines = [
  ...[
    'A: b',
    'a: b',
    'X-Long: '.padEnd(2_000, 'x'),
    'Accept: text/html',
    'Cookie: a=b; jupyterhub-hub-login=x',
    'Range: bytes=0-1',
  ],
  ...[
    'Connection: keep-alive',
    'Connection: a, x-b',
    'Keep-Alive: timeout=1',
    'TE: trailers',
    'Connection: TE\r\nTE: gzip;q=0.5, trailers',
    'Trailer: X-Trailer, X-Sum',
    'Trailer: Host, X-Forwarded-For, x-trailer',
    'X-Forwarded-For: 1.1.1.1',
    'Forwarded: for=x',
  ],
  ...[
    'Upgrade: h2c',
    'Proxy-Authorization: Basic eDp5',
    'Remote_User: root',
    'Authorization: token x',
    '__proto__: 1',
    'X-Bytes: \xe9\xff',
  ],
  ...[
    'Origin: http://h',
    'Referer: http://h/',
    'If-None-Match: "a"',
    'Accept-Encoding: gzip',
    'Sec-Fetch-Mode: cors',
    'Host-X: y',
  ],
]
const hardLines = [
  ...[
    'Content-Length: 3',
    'Content-Length: 0',
    'Content-Length: +3',
    'Content-Length: 3, 3',
    'Content-Length: 99999999999999999999',
    'Content-Length : 3',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding:\x0bchunked',
  ],
  ...[
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: xchunked',
    'transfer-encoding: CHUNKED',
  ],
  ...[
    'Host: other',
    'Host:',
    'A : b',
    ' folded',
    '\tfolded',
    'A\0: b',
    'A: \0',
    'A: b\rC: d',
    'A: b\nC: d',
    ': x',
    'NoColon',
  ],
  ...[
    'Connection: close',
    'Connection: content-length',
    'Connection: host, transfer-encoding',
    'Connection: upgrade\r\nUpgrade: websocket',
  ],
  ...['Expect: 100-continue', 'Expect: x', 'X: '.padEnd(34_000, 'x')],
]
const hardTrailers = [
  ...['Content-Length: 3', 'Transfer-Encoding: chunked', 'Host: other', 'X-Forwarded-For: 1', 'Remote_User: root'],
  ...['A : b', ' folded', 'A\0: b', 'A: b\nC: d', 'NoColon', 'GET /hidden HTTP/1.1', 'X-Sum: '.padEnd(9_000, 'x')],
]
const pieces = [
  ...['http://h', 'http://', 'https://h', '@', 'CONNECT ', '0\r\nX-Sum: 1\r\n\r\n', 'Trailer: X-Sum\r\n'],

  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\0',
    ' ',
    '\t',
    '\x0b',
    '\x7f',
    '\xff',
    ':',
    ';',
    ',',
    '"',
    '0\r\n\r\n',
    '5\r\n',
    'fffffffffffffffff\r\n',
    '0x5\r\n',
  ],
  ...[
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/2.0',
    'GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n',
    '%00',
    '%2e%2e',
    '../',
    '\\',
    '#',
    '?',
    '*',
  ],
]

const softTrailers = [
  'X-Trailer: t',
  'x-sum: 1',
  'X-Forwarded-For: 1.1.1.1',
  'Host: other',
  'Cookie: a=b',
  'TE: gzip',
  'A:',
]

function chunks(random: Random, data: string): string {
  let out = ''
  for (let at = 0; at < data.length; ) {
    const size = random.whole(1, 9)
    const piece = data.slice(at, at + size)
    const digits = piece.length.toString(16)
    out += `${random.next() < 0.1 ? digits.toUpperCase() : digits}${random.next() < 0.1 ? ';a=b' : ''}\r\n${piece}\r\n`
    at += size
  }
  const trailers = Array.from({ length: random.next() < 0.3 ? random.whole(1, 3) : 0 }, () => random.pick(softTrailers))
  return `${out}0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`
}

/** A request that is one, of whatever a client may write. */
export function softRequest(random: Random, mark: string): { readonly method: string; readonly bytes: string } {
  const method = random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])
  const lines = Array.from({ length: random.whole(0, 6) }, () => random.pick(softLines))
  const hasBody = method !== 'HEAD' && random.next() < (method === 'POST' || method === 'PUT' ? 0.8 : 0.05)
  const data = random.pick([
    '',
    'abc',
    'GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n',
    '0\r\n\r\n',
    'x'.repeat(random.whole(1, 3_000)),
  ])
  const isChunked = hasBody && random.next() < 0.4
  if (hasBody)
    lines.splice(
      random.whole(0, lines.length),
      0,
      isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${data.length}`,
    )
  const host = random.pick(['h', 'h:1', '[::1]', '127.0.0.1:80'])
  const path = `${random.pick(paths)}?n=${mark}${random.next() < 0.2 ? '&q=%zz[]\\' : ''}`
  const target = random.next() < 0.15 ? `${random.pick(['http', 'HTTP'])}://${host}${path}` : path
  const head = [`${method} ${target} HTTP/1.1`, `${random.pick(['Host', 'host', 'HOST'])}: ${host}`, ...lines]
  return { method, bytes: `${head.join('\r\n')}\r\n\r\n${hasBody ? (isChunked ? chunks(random, data) : data) : ''}` }
}

/** Bytes taken out, put in, doubled, changed. */
export function damage(random: Random, text: string): string {
  let bytes = text
  for (let left = random.whole(1, 3); left > 0; left -= 1) {
    // Mistakes in a head say more than those in a body.
    const at = random.whole(0, random.next() < 0.7 ? Math.min(bytes.length, 200) : bytes.length)
    const size = random.whole(1, 6)
    switch (random.whole(0, 7)) {
      case 0:
        bytes = bytes.slice(0, at) + bytes.slice(at + size)
        break
      case 1:
        bytes = bytes.slice(0, at) + random.pick(pieces) + bytes.slice(at)
        break
      case 2:
        bytes = bytes.slice(0, at) + bytes.slice(Math.max(0, at - size * 4))
        break
      case 3:
        bytes = bytes.slice(0, at) + String.fromCharCode(random.whole(0, 255)) + bytes.slice(at + 1)
        break
      case 5:
        // Behind the last chunk, where there is one.
        bytes = bytes.replace(/\r\n0\r\n/, (end) => `${end}${random.pick(hardTrailers)}\r\n`)
        break
      case 4:
        bytes = bytes.replace('\r\n', random.pick(['\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\r\n ']))
        break
      default: {
        const line = bytes.indexOf('\r\n', random.whole(0, Math.max(0, bytes.indexOf('\r\n\r\n'))))
        if (line >= 0) bytes = `${bytes.slice(0, line)}\r\n${random.pick(hardLines)}${bytes.slice(line)}`
      }
    }
  }
  return bytes
}

export interface Said {
  readonly bytes: string
  /** What the application does with its connection then. */
  readonly end: 'stay' | 'close' | 'half-close' | 'reset'
}

const interim = [
  ...['100 Continue', '102 Processing', '103 Early Hints\r\nLink: </a>; rel=preload', '103 Early Hints\r\nX-Mark: x'],
  ...['103 \r\nKeep-Alive: x\r\nSet-Cookie: jupyterhub-hub-login=x', '199 Odd\r\nA: \xe9'],
]
const statuses = [
  '200 OK',
  '200 ',
  '201 Created',
  '204 No Content',
  '206 Partial Content',
  '302 Found',
  '304 Not Modified',
  '404 Not Found',
  '500 No',
]

/** An answer that is one. */
export function softAnswer(random: Random, method: string, mark: string): Said {
  const status = random.pick(statuses)
  const isBare = method === 'HEAD' || /^(?:204|304)/.test(status)
  const lines = [`X-Mark: ${mark}`, ...Array.from({ length: random.whole(0, 4) }, () => random.pick(softLines))]
  const data = random.pick([
    '',
    'ok',
    `HTTP/1.1 200 OK\r\nX-Mark: ${mark}\r\nContent-Length: 2\r\n\r\nok`,
    'x'.repeat(random.whole(1, 5_000)),
  ])
  const before =
    random.next() < 0.15
      ? Array.from({ length: random.pick([1, 1, 2, 5]) }, () => `HTTP/1.1 ${random.pick(interim)}\r\n\r\n`).join('')
      : ''
  const kind = random.pick(['length', 'length', 'length', 'chunked', 'close'])
  const isKept = random.next() < 0.8
  if (!isKept) lines.push('Connection: close')
  if (isBare || kind === 'length') lines.push(`Content-Length: ${status.startsWith('204') ? 0 : data.length}`)
  else if (kind === 'chunked') lines.push('Transfer-Encoding: chunked')
  const body = isBare ? '' : kind === 'chunked' ? chunks(random, data) : data
  const isOpen = isKept && (isBare || kind !== 'close')
  return {
    bytes: `${before}HTTP/1.1 ${status}\r\n${(status.startsWith('204') ? lines.filter((line) => !line.startsWith('Content-L')) : lines).join('\r\n')}\r\n\r\n${body}`,
    end: isOpen ? 'stay' : random.pick(['close', 'half-close']),
  }
}

/** An answer with mistakes, or with another one behind it; then the connection ends, so that nobody waits for the rest. */
export function hardAnswer(random: Random, method: string, mark: string): Said {
  const { bytes } = softAnswer(random, method, mark)
  const more = random.next() < 0.3 ? softAnswer(random, 'GET', mark).bytes : ''
  return {
    bytes: random.next() < 0.2 ? bytes + more : damage(random, bytes) + more,
    end: random.pick(['close', 'half-close', 'reset', 'close']),
  }
}
