import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRequestHead } from './request-head.ts'

const head = (...lines: string[]): string => lines.join('\r\n')

describe('the head of a request', () => {
  it('is read with its headers in their order and spelling, and its target byte for byte', () => {
    assert.deepEqual(parseRequestHead(head('GET /a%2f//b?c=[] HTTP/1.1', 'hOST: h', 'A:', 'a: \tb c\t ', 'B:\xe9')), {
      method: 'GET',
      target: '/a%2f//b?c=[]',
      scheme: null,
      isHttp10: false,
      headers: ['hOST', 'h', 'A', '', 'a', 'b c', 'B', '\xe9'],
      framing: { kind: 'none' },
      isKept: true,
      expectsContinue: false,
      upgrade: null,
    })
  })

  for (const [lines, wanted] of [
    [['POST / HTTP/1.1', 'Host: h', 'Content-Length: 007'], { framing: { kind: 'length', bytes: 7 } }],
    [['POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: Chunked'], { framing: { kind: 'chunked' } }],
    [['GET / HTTP/1.1', 'Host: h', 'Connection: a, Close'], { isKept: false }],
    [['GET / HTTP/1.0', 'Host: h'], { isKept: false, isHttp10: true }],
    [['GET / HTTP/1.1', 'Host: h', 'Connection: close', 'Connection: a'], { isKept: false }],
    [['GET / HTTP/1.0', 'Host: h', 'Connection: Keep-Alive'], { isKept: true }],
    [['GET / HTTP/1.0', 'Host: h', 'Connection: keep-alive, close'], { isKept: false }],
    [['GET / HTTP/1.0'], { headers: [] }],
    [['PUT / HTTP/1.1', 'Host: h', 'Expect: 100-Continue'], { expectsContinue: true }],
    [['PUT / HTTP/1.0', 'Host: h', 'Expect: 100-continue'], { expectsContinue: false }],
    [['PUT / HTTP/1.0', 'Host: h', 'Expect: a miracle'], { expectsContinue: false }],
    [['GET / HTTP/1.1', 'Host: h', 'Connection: Upgrade', 'Upgrade: WebSocket'], { upgrade: 'websocket' }],
    [['GET / HTTP/1.1', 'Host: h', 'Upgrade: websocket'], { upgrade: null }],
    [['GET / HTTP/1.1', 'Host: h', 'Connection: Upgrade'], { upgrade: null }],
    [['GET / HTTP/1.0', 'Host: h', 'Connection: Upgrade', 'Upgrade: websocket'], { upgrade: null }],
    [
      ['GET / HTTP/1.1', 'Host: h', 'Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket'],
      { upgrade: 'h2c,websocket' },
    ],
    [['M-SEARCH / HTTP/1.1', 'Host: h'], { method: 'M-SEARCH' }],
    [['GET http://h/a%2f//?b HTTP/1.1', 'Host: h'], { target: '/a%2f//?b', scheme: 'http' }],
    [['GET HTTPS://H:443/ HTTP/1.1', 'Host: h'], { target: '/', scheme: 'https' }],
    [['GET http://[::1]:81?a HTTP/1.1', 'Host: [::1]:81'], { target: '/?a', scheme: 'http' }],
    [['GET http://h HTTP/1.1', 'Host: h:80'], { target: '/', scheme: 'http' }],
    [['OPTIONS http://h HTTP/1.1', 'Host: h'], { target: '*', scheme: 'http' }],
    [['OPTIONS http://h/ HTTP/1.1', 'Host: h'], { target: '/', scheme: 'http' }],
    [['OPTIONS * HTTP/1.1', 'Host: h'], { target: '*', scheme: null }],
  ] as const)
    it(`says ${JSON.stringify(wanted)} for ${lines.join(' | ')}`, () => {
      const read = parseRequestHead(head(...lines))
      assert.deepEqual({ ...read, ...wanted }, read)
    })

  for (const [what, status, ...lines] of [
    ['no version', 400, 'GET /', 'Host: h'],
    ['another version', 400, 'GET / HTTP/1.2', 'Host: h'],
    ['a version of small letters', 400, 'GET / http/1.1', 'Host: h'],
    ['two blanks', 400, 'GET  / HTTP/1.1', 'Host: h'],
    ['a tab for a blank', 400, 'GET\t/ HTTP/1.1', 'Host: h'],
    ['a blank at the end', 400, 'GET / HTTP/1.1 ', 'Host: h'],
    ['a method of small letters', 400, 'get / HTTP/1.1', 'Host: h'],
    ['a method nobody knows', 400, 'X-OWN / HTTP/1.1', 'Host: h'],
    ['a target without a slash', 400, 'GET a HTTP/1.1', 'Host: h'],
    ['a tunnel', 501, 'CONNECT h:443 HTTP/1.1', 'Host: h:443'],
    ['a tunnel to a path', 501, 'CONNECT / HTTP/1.1', 'Host: h'],
    ['an asterisk that is not of OPTIONS', 400, 'GET * HTTP/1.1', 'Host: h'],
    ['a target of another scheme', 400, 'GET ftp://h/ HTTP/1.1', 'Host: h'],
    ['a target of a scheme that ends in http', 400, 'GET xhttp://h/ HTTP/1.1', 'Host: h'],
    ['a target of another host', 400, 'GET http://i/ HTTP/1.1', 'Host: h'],
    ['a target of another port', 400, 'GET http://h:81/ HTTP/1.1', 'Host: h'],
    ['a target with userinfo', 400, 'GET http://u@h/ HTTP/1.1', 'Host: h'],
    ['a target with userinfo that is in the host', 400, 'GET http://h@i/ HTTP/1.1', 'Host: h'],
    ['a target without a host', 400, 'GET http:/// HTTP/1.1', 'Host:'],
    ['a target of a host that is told nowhere else', 400, 'GET http://h/ HTTP/1.0'],
    ['bytes beyond ASCII in the target', 400, 'GET /\xe9 HTTP/1.1', 'Host: h'],
    ['no host', 400, 'GET / HTTP/1.1', 'A: b'],
    ['a folded line', 400, 'GET / HTTP/1.1', 'Host: h', ' i'],
    ['a line without a colon', 400, 'GET / HTTP/1.1', 'Host: h', 'A'],
    ['a name with a blank', 400, 'GET / HTTP/1.1', 'Host: h', 'Transfer-Encoding : chunked'],
    ['a bare LF', 400, 'GET / HTTP/1.1', 'Host: h\nA: b'],
    ['a bare CR', 400, 'GET / HTTP/1.1', 'Host: h\rA: b'],
    ['a null byte', 400, 'GET / HTTP/1.1', 'Host: h', 'A: \0'],
    ['a length and a coding', 400, 'POST / HTTP/1.1', 'Host: h', 'Content-Length: 3', 'Transfer-Encoding: chunked'],
    ['the same length twice', 400, 'POST / HTTP/1.1', 'Host: h', 'Content-Length: 3', 'Content-Length: 3'],
    ['a list of lengths', 400, 'POST / HTTP/1.1', 'Host: h', 'Content-Length: 3, 3'],
    ['a length with a sign', 400, 'POST / HTTP/1.1', 'Host: h', 'Content-Length: +3'],
    ['a length beyond all', 400, 'POST / HTTP/1.1', 'Host: h', 'Content-Length: 9999999999999999'],
    ['a tab beside a coding', 400, 'POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked\t'],
    ['a coding in HTTP/1.0', 400, 'POST / HTTP/1.0', 'Host: h', 'Transfer-Encoding: chunked'],
    ['another coding', 501, 'POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: gzip'],
    ['a coding before chunked', 501, 'POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: gzip, chunked'],
    ['two codings', 501, 'POST / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['an expectation nobody knows', 417, 'PUT / HTTP/1.1', 'Host: h', 'Expect: a miracle'],
    ['two expectations', 417, 'PUT / HTTP/1.1', 'Host: h', 'Expect: a miracle', 'Expect: 100-continue'],
  ] as const)
    it(`is refused with ${what}`, () => {
      assert.throws(() => parseRequestHead(head(...lines)), { name: 'BadMessage', status })
    })
})
