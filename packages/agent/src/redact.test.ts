import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClaimReply, Ticket } from './protocol.ts'
import { redact, secretsOf } from './redact.ts'

const ticket: Ticket = {
  protocol: 1,
  session: 's1',
  attempt: 1,
  secret: 'secret-of-the-ticket',
  hubUrl: 'http://hub.test/hub/api',
  hubPatienceSeconds: 60,
}

function claimOf(environment: Record<string, string>): ClaimReply {
  return {
    claimToken: 'token-of-the-claim',
    psk: { identity: 'identity', key: 'ab'.repeat(32) },
    heartbeatSeconds: 10,
    listen: { address: '0.0.0.0', ports: null, advertise: null },
    application: {
      access: 'gated',
      argv: ['x'],
      environment,
      prefix: '/',
      healthPath: 'api',
      directory: '~',
      gate: {
        clientId: 'client',
        hubPath: '/hub/',
        redirectPath: '/cb',
        accessScopes: [],
        apiToken: 'token-of-the-gate',
        appToken: 'token-of-the-application',
      },
    },
    readySeconds: 30,
    stopSeconds: 20,
    endsAt: null,
  }
}

/** What is left of a text that holds all of these. */
const seen = (environment: Record<string, string>, ...texts: string[]): string =>
  redact(texts.join(' '), secretsOf(ticket, claimOf(environment)))

describe('redaction', () => {
  it('hides what ticket and claim hold', () => {
    const { claimToken, psk, application } = claimOf({})
    const secrets = [ticket.secret, claimToken, psk.key, application.gate?.apiToken, application.gate?.appToken]
    for (const secret of secrets) assert.equal(seen({}, `a ${secret} b`), 'a [secret] b')
    assert.equal(redact(`a ${ticket.secret} b`, secretsOf(ticket, null)), 'a [secret] b', 'before the claim, too')
  })

  for (const name of ['JPY_API_TOKEN', 'CLIENT_SECRET', 'DB_PASSWORD', 'PGPASSWD', 'AWS_KEY', 'tokens', 'Secret_2'])
    it(`hides the value of ${name}`, () => assert.equal(seen({ [name]: 'canary-1' }, 'canary-1'), '[secret]'))

  for (const name of ['PATH', 'KEYBOARD', 'MONKEY', 'MY_KEYS'])
    it(`shows the value of ${name}`, () => assert.equal(seen({ [name]: 'canary-1' }, 'canary-1'), 'canary-1'))

  it('hides a secret as it is, in a URL and in base64', () => {
    const secret = 'a/b c+d&e'
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
    assert.equal(seen({ A_TOKEN: secret }, ...forms), '[secret] [secret] [secret]')
  })

  it('leaves no rest of a secret that holds another, and hides each time that it occurs', () => {
    const environment = { A_TOKEN: 'canary-1', B_TOKEN: 'canary-1-and-more', C_TOKEN: 'more-canary-1' }
    assert.equal(
      seen(environment, 'canary-1-and-more', 'more-canary-1', 'canary-1', 'canary-1'),
      Array(4).fill('[secret]').join(' '),
    )
  })

  it('hides nothing so short that it is a word', () =>
    assert.equal(
      seen({ A_TOKEN: 'sevenxx', B_TOKEN: '', C_TOKEN: 'eightxxx' }, 'sevenxx', 'eightxxx'),
      'sevenxx [secret]',
    ))
})
