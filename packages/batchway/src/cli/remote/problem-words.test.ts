import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exitStatuses } from './exit-statuses.ts'
import { answerProblem, networkProblem } from './problem-words.ts'

const site = 'https://hub.example/jupyter/'
const failed = {
  message: 'Words.',
  type: null,
  location: null,
  retryAfter: null,
  credentials: { source: 'BATCHWAY_TOKEN' },
  site,
}

describe('what the hub refuses', () => {
  for (const [status, more, exit, words] of [
    [
      401,
      {},
      'credentials',
      /does not know the token of BATCHWAY_TOKEN: .*Make a new one at https:\/\/hub\.example\/jupyter\/hub\/token/,
    ],
    [403, { message: 'Missing or invalid credentials.' }, 'credentials', /revoked, has expired, or is another hub’s/],
    [
      403,
      { message: 'Action is not authorized with current scopes; requires any of [admin:users]' },
      'credentials',
      /requires any of \[admin:users\]\. "batchway user show" lists/,
    ],
    [404, {}, 'missing', /or this token may not see it: Words$/],
    [409, { message: 'The user already exists' }, 'conflict', /^The user already exists$/],
    [400, { type: 'urn:batchway:session_busy' }, 'conflict', /^Words$/],
    [400, {}, 'refused', /^Words$/],
    [422, {}, 'refused', /^Words$/],
    [429, { retryAfter: '30' }, 'conflict', /^Words\. Try again in 30 s$/],
    [
      302,
      { message: null, location: 'https://sso.example/' },
      'unreachable',
      /sends on to https:\/\/sso\.example\/, where the token is not sent/,
    ],
    [404, { message: null }, 'unreachable', /not as a hub’s API does: is the address right/],
    [
      503,
      { message: 'The batch scheduler does not answer.' },
      'unreachable',
      /cannot do it now \(503\): The batch scheduler does not answer\. Try again/,
    ],
    [502, { message: null }, 'unreachable', /cannot do it now \(502\)\. Try again/],
  ] as const)
    it(`is a sentence and a status: ${status} ${JSON.stringify(more)}`, () => {
      const problem = answerProblem({ ...failed, status, ...more })
      assert.equal(problem.exitStatus, exitStatuses[exit].status)
      assert.match(problem.message, words)
    })
  it('does not steer a terminal', () => {
    const { message } = answerProblem({ ...failed, status: 400, message: 'a\u001b[2Jb\r\nc' })
    assert.equal(message, 'a\ufffd[2Jb\ufffd\ufffdc')
  })
})

describe('what the network refuses', () => {
  const coded = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) })
  for (const [error, words] of [
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), /signed by nobody that is trusted here.*NODE_EXTRA_CA_CERTS/],
    [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), /signed by nobody/],
    [coded('CERT_HAS_EXPIRED'), /has expired/],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), /is for another name/],
    [coded('ERR_SSL_WRONG_VERSION_NUMBER'), /does not speak TLS/],
    [coded('ENOTFOUND'), /the name hub\.example is not known here/],
    [coded('UND_ERR_CONNECT_TIMEOUT'), /did not answer in time/],
    [new DOMException('x', 'TimeoutError'), /did not answer in time/],
    [
      new TypeError('fetch failed', {
        cause: new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]),
      }),
      /nobody listens at hub\.example/,
    ],
    [coded('ECONNRESET'), /was not reached or broke off \(ECONNRESET\)/],
    ['anything', /was not reached or broke off$/],
  ] as const)
    it(`is a sentence: ${words.source}`, () => {
      const problem = networkProblem(error, site)
      assert.equal(problem.exitStatus, exitStatuses.unreachable.status)
      assert.match(problem.message, words)
    })
})
