/** Requests that servers read in different ways: each hides `GET /hidden` where one of them finds it and another does not. */

export interface Shape {
  readonly name: string
  readonly bytes: string
}

const hidden = 'GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n'
const chunkedHidden = `0\r\n\r\n${hidden}`
const post = (lines: readonly string[], body: string): string =>
  `${['POST /shape HTTP/1.1', 'Host: h', ...lines].join('\r\n')}\r\n\r\n${body}`
const get = (lines: readonly string[]): string => `${['GET /shape HTTP/1.1', 'Host: h', ...lines].join('\r\n')}\r\n\r\n`

/** A length around what a coding would end before. */
const both = (coding: string): string => post([`Content-Length: ${chunkedHidden.length}`, coding], chunkedHidden)

const codings: readonly (readonly [string, string])[] = [
  ['chunked', 'Transfer-Encoding: chunked'],
  ['a blank before the colon', 'Transfer-Encoding : chunked'],
  ['a tab after the colon', 'Transfer-Encoding:\tchunked'],
  ['a vertical tab', 'Transfer-Encoding:\x0bchunked'],
  ['a form feed behind', 'Transfer-Encoding: chunked\x0c'],
  ['a NUL behind', 'Transfer-Encoding: chunked\0'],
  ['capitals', 'Transfer-Encoding: CHUNKED'],
  ['quotes', 'Transfer-Encoding: "chunked"'],
  ['a comma before', 'Transfer-Encoding: ,chunked'],
  ['a comma behind', 'Transfer-Encoding: chunked,'],
  ['chunked, identity', 'Transfer-Encoding: chunked, identity'],
  ['identity, chunked', 'Transfer-Encoding: identity, chunked'],
  ['identity', 'Transfer-Encoding: identity'],
  ['gzip, chunked', 'Transfer-Encoding: gzip, chunked'],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
  ['chunked and identity in two lines', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
  ['another name', 'Transfer-Encoding: xchunked'],
  ['a parameter', 'Transfer-Encoding: chunked;a=b'],
  ['a folded line', 'Transfer-Encoding:\r\n chunked'],
  ['a line folded before it', 'A: b\r\n Transfer-Encoding: chunked'],
  ['a carriage return before it', 'A: b\rTransfer-Encoding: chunked'],
  ['a line feed before it', 'A: b\nTransfer-Encoding: chunked'],
  ['a NUL in the name', 'Transfer\0-Encoding: chunked'],
  ['an underscore in the name', 'Transfer_Encoding: chunked'],
]

/** A length that some take for five, some for nothing, some for no length. */
const lengths: readonly (readonly [string, string])[] = [
  ['a plus sign', `Content-Length: +${hidden.length}`],
  ['nought before', `Content-Length: 0${hidden.length}`],
  ['a list', `Content-Length: ${hidden.length}, ${hidden.length}`],
  ['a list that differs', `Content-Length: 0, ${hidden.length}`],
  ['two lines that differ', `Content-Length: 0\r\nContent-Length: ${hidden.length}`],
  ['two lines that are the same', `Content-Length: ${hidden.length}\r\nContent-Length: ${hidden.length}`],
  ['an underscore between digits', `Content-Length: ${String(hidden.length)[0]}_${String(hidden.length).slice(1)}`],
  ['letters of base sixteen', `Content-Length: 0x${hidden.length.toString(16)}`],
  ['a blank within', `Content-Length: 0 ${hidden.length}`],
  ['a blank before the colon', `Content-Length : ${hidden.length}`],
  ['a vertical tab', `Content-Length:\x0b${hidden.length}`],
  ['nothing', 'Content-Length:'],
  ['a folded line', `Content-Length:\r\n ${hidden.length}`],
  ['a carriage return before it', `A: b\rContent-Length: ${hidden.length}`],
  ['a line feed before it', `A: b\nContent-Length: ${hidden.length}`],
  ['a minus sign', `Content-Length: -${hidden.length}`],
]

const chunks: readonly (readonly [string, string])[] = [
  ['a size with 0x before it', `0x5\r\nabcde\r\n${chunkedHidden}`],
  ['a size with a sign', `+5\r\nabcde\r\n${chunkedHidden}`],
  ['a size with an underscore', `0_5\r\nabcde\r\n${chunkedHidden}`],
  ['a blank behind a size', `5 \r\nabcde\r\n${chunkedHidden}`],
  ['a blank before a size', ` 5\r\nabcde\r\n${chunkedHidden}`],
  ['a line feed alone behind a size', `5\nabcde\r\n${chunkedHidden}`],
  ['a line feed alone behind a chunk', `5\r\nabcde\n${chunkedHidden}`],
  ['other bytes behind a chunk', `5\r\nabcdexx${chunkedHidden}`],
  ['a line feed in an extension', `5;a\nabcde\r\n${chunkedHidden}`],
  ['a carriage return in an extension', `5;a\rb\r\nabcde\r\n${chunkedHidden}`],
  ['a size that overflows', `10000000000000000\r\n\r\n${hidden}`],
  ['a negative size', `-1\r\n${hidden}`],
  ['no size', `\r\n${hidden}`],
  ['line feeds alone at the end', `0\n\n${hidden}`],
  ['a trailer that is a request', `0\r\nX: GET /hidden HTTP/1.1\r\n\r\n${hidden}`],
  ['no empty line at the end', `0\r\n${hidden}`],
  ['a size of many noughts', `${'0'.repeat(40)}5\r\nabcde\r\n${chunkedHidden}`],
]

const heads: readonly Shape[] = [
  { name: 'a line feed alone ends a request line', bytes: `GET /shape HTTP/1.1\nHost: h\r\n\r\n${hidden}` },
  { name: 'line feeds alone end a head', bytes: `GET /shape HTTP/1.1\r\nHost: h\n\n${hidden}` },
  { name: 'a carriage return alone ends a line', bytes: `GET /shape HTTP/1.1\r\nHost: h\rA: b\r\n\r\n${hidden}` },
  { name: 'HTTP/0.9', bytes: `GET /shape\r\n${hidden}` },
  {
    name: 'HTTP/1.0 with chunks',
    bytes: `POST /shape HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedHidden}`,
  },
  { name: 'two blanks in a request line', bytes: `GET  /shape  HTTP/1.1\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'a tab in a request line', bytes: `GET\t/shape\tHTTP/1.1\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'a blank in a target', bytes: `GET /sha pe HTTP/1.1\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'a NUL in a target', bytes: `GET /sha\0pe HTTP/1.1\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'a target beyond ASCII', bytes: `GET /sh\xe9pe HTTP/1.1\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'a method in small letters', bytes: `get /shape HTTP/1.1\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'a version with more digits', bytes: `GET /shape HTTP/1.01\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'two hosts', bytes: `GET /shape HTTP/1.1\r\nHost: h\r\nHost: evil\r\n\r\n${hidden}` },
  { name: 'no host', bytes: `GET /shape HTTP/1.1\r\n\r\n${hidden}` },
  { name: 'an absolute target of another host', bytes: `GET http://evil/shape HTTP/1.1\r\nHost: h\r\n\r\n${hidden}` },
  { name: 'a header without a colon', bytes: `${get(['Nothing'])}${hidden}` },
  { name: 'a header without a name', bytes: `${get([': x'])}${hidden}` },
  { name: 'a NUL in a value', bytes: `${get(['A: b\0c'])}${hidden}` },
  { name: 'a folded line', bytes: `${get(['A: b\r\n c'])}${hidden}` },
  { name: 'a line of blanks', bytes: `GET /shape HTTP/1.1\r\nHost: h\r\n \r\n${hidden}` },
  { name: 'a folded line before all headers', bytes: `GET /shape HTTP/1.1\r\n A: b\r\nHost: h\r\n\r\n${hidden}` },
  {
    name: 'GET with a body',
    bytes: `GET /shape HTTP/1.1\r\nHost: h\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  },
  {
    name: 'OPTIONS with a body in chunks',
    bytes: `OPTIONS /shape HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedHidden}`,
  },
  {
    name: 'a word of Connection that is a length',
    bytes: post(['Connection: content-length', `Content-Length: ${hidden.length}`], hidden),
  },
  {
    name: 'Expect with the body at once',
    bytes: post(['Expect: 100-continue', `Content-Length: ${hidden.length}`], hidden),
  },
  {
    name: 'an upgrade to HTTP/2',
    bytes: `${get(['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'])}${hidden}`,
  },
]

const announced = ['Transfer-Encoding: chunked', 'Trailer: X-Sum, X, Host']
const trailers: readonly Shape[] = [
  { name: 'trailers that are announced', bytes: `${post(announced, `0\r\nX-Sum: 1\r\n\r\n`)}${hidden}` },
  {
    name: 'an announced trailer that looks like a request',
    bytes: `${post(announced, '0\r\nX: GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n')}${hidden}`,
  },
  {
    name: 'announced trailers that tell a length and a coding',
    bytes: `${post(announced, '0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n')}${hidden}`,
  },
  { name: 'TE: trailers', bytes: `${get(['Connection: TE', 'TE: trailers'])}${hidden}` },
  { name: 'TE with a coding', bytes: `${get(['TE: chunked, trailers;q=0, gzip'])}${hidden}` },
]

const written = (line: string, host = 'h'): string => `${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const targets: readonly Shape[] = [
  ...['GET http://h/shape', 'GET HTTP://H:80/shape', 'POST http://h/shape', 'OPTIONS http://h/shape'],
  ...['GET http://h?/shape', 'GET http://h//shape', 'GET https://h/shape', 'GET http://u@h/shape'],
  ...['GET http://evil@h/shape', 'GET http://h@evil/shape', 'GET http://h\\@evil/shape', 'GET http://h/shape#x'],
  ...['OPTIONS *', 'OPTIONS http://h', 'GET *', 'CONNECT h:80', 'CONNECT /shape', 'CONNECT http://h/shape'],
].map((line) => ({ name: `the request line ${line}`, bytes: `${written(line)}${hidden}` }))

export const shapes: readonly Shape[] = [
  ...trailers,
  ...targets,
  ...codings.map(([what, line]) => ({ name: `a length and a coding: ${what}`, bytes: both(line) })),
  ...codings.slice(1).map(([what, line]) => ({ name: `a coding alone: ${what}`, bytes: post([line], chunkedHidden) })),
  ...lengths.map(([what, line]) => ({ name: `a length: ${what}`, bytes: post([line], hidden) })),
  ...chunks.map(([what, body]) => ({ name: `chunks: ${what}`, bytes: post(['Transfer-Encoding: chunked'], body) })),
  ...heads,
]
