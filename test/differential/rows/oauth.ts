/** Applications that ask who is visiting: the browser's way there and back, and what they get for their code. */
import { ask, type Json, type Row, type RowOptions } from '../row.ts'
import { serviceTokens } from '../world.ts'

const callback = '/services/whoami/oauth_callback'
const client = { client_id: 'service-whoami', redirect_uri: callback, response_type: 'code', state: 'abc' }
/** RFC 7636, appendix B. */
const pkce = {
  verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
}

type Fields = Readonly<Record<string, string | null>>
/** @param change a field that is null is left out. */
const fields = (base: Readonly<Record<string, string>>, change: Fields = {}): string =>
  Object.entries({ ...base, ...change })
    .flatMap(([key, value]) => (value === null ? [] : [`${key}=${encodeURIComponent(value)}`]))
    .join('&')
    .replaceAll(/%7B(\w+)%7D/g, '{$1}')

const visit = { headers: { 'sec-fetch-mode': 'navigate' } }
const authorize = (change?: Fields): string => `GET /oauth2/authorize?${fields(client, change)}`
const form = (body: string, more: RowOptions = {}): RowOptions => ({
  ...more,
  raw: body,
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...more.headers },
})

const codeOf = (_body: Json, location: string): string => new URL(location, 'http://any').searchParams.get('code') ?? ''
/** Somebody who may visit the service allows it. */
const allow = (keep: string, change?: Fields): Row[] =>
  ask('admin-browser', `POST /oauth2/authorize?${fields(client, change)}`, {
    ...form('scopes=access%3Aservices%21service%3Dwhoami'),
    note: `allowed: ${keep}`,
    keep: { [keep]: codeOf },
  })

const exchange = {
  client_id: 'service-whoami',
  client_secret: serviceTokens.whoami,
  grant_type: 'authorization_code',
  redirect_uri: callback,
}
const trade = (note: string, change: Fields, more: RowOptions = {}): Row[] =>
  ask('anonymous', 'POST /oauth2/token', form(fields(exchange, change), { ...more, note }))
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

export const oauth: readonly Row[] = [
  // The browser comes.
  ...ask('admin-browser', authorize(), visit),
  ...ask('alice-browser', authorize(), { ...visit, note: 'may not visit the service' }),
  ...ask('anonymous', authorize(), visit),
  ...ask(['alice', 'whoami', 'made-up'], authorize(), { note: 'by a token' }),
  ...(
    [
      ['unknown client', { client_id: 'service-nobody' }],
      ['no client', { client_id: null }],
      ['another address', { redirect_uri: 'https://evil.invalid/' }],
      ['another path', { redirect_uri: '/services/whoami/elsewhere' }],
      ['no address', { redirect_uri: null }],
      ['no response type', { response_type: null }],
      ['implicit', { response_type: 'token' }],
      ['without state', { state: null }],
      ['odd state', { state: '<a b="c">&d=é' }],
      ['scope that is none', { scope: 'everything' }],
      ['scope beyond its own', { scope: 'admin:users' }],
      ['scope to visit', { scope: 'access:services!service=whoami' }],
      ['PKCE', { code_challenge: pkce.challenge, code_challenge_method: 'S256' }],
    ] as const
  ).flatMap(([note, change]) => ask('admin-browser', authorize(change), { ...visit, note })),

  // Allowed by a form, and not.
  ...ask('admin-browser', `POST /oauth2/authorize?${fields(client)}`, { ...form(''), note: 'nothing chosen' }),
  ...ask('alice-forged', `POST /oauth2/authorize?${fields(client)}`, { ...form('scopes=self'), note: 'forged' }),
  ...ask('anonymous', `POST /oauth2/authorize?${fields(client)}`, { ...form('scopes=self'), note: 'nobody' }),
  ...allow('first'),
  ...allow('second'),
  ...allow('third'),
  ...allow('fourth'),
  ...allow('guarded', { code_challenge: pkce.challenge, code_challenge_method: 'S256' }),

  // Codes for tokens.
  ...trade('a code', { code: '{first}' }, { keep: { visitor: (body) => tokenIn(body) } }),
  ...trade('the same code again', { code: '{first}' }),
  ...trade('no code', {}),
  ...trade('made-up code', { code: 'made-up' }),
  ...trade('wrong secret', { code: '{second}', client_secret: '0'.repeat(64) }),
  ...trade('no secret', { code: '{second}', client_secret: null }),
  ...trade('unknown client', { code: '{second}', client_id: 'service-nobody' }),
  ...trade('no kind of grant', { code: '{second}', grant_type: null }),
  ...trade('by password', { grant_type: 'password', username: 'alice', password: 'x' }),
  ...trade('client credentials', { grant_type: 'client_credentials' }),
  ...trade('another address', { code: '{third}', redirect_uri: '/services/whoami/elsewhere' }),
  ...trade(
    'credentials in the header',
    { code: '{fourth}', client_id: null, client_secret: null },
    { headers: { authorization: basic('service-whoami', serviceTokens.whoami) } },
  ),
  ...trade('guarded, without the verifier', { code: '{guarded}' }),
  ...trade('guarded, with it', { code: '{guarded}', code_verifier: pkce.verifier }),
  ...ask('anonymous', 'GET /oauth2/token'),
  ...ask('anonymous', 'POST /oauth2/token', { json: { grant_type: 'authorization_code' } }),
  // What the token is good for.
  ...ask('anonymous', 'GET /user', { headers: { authorization: 'token {visitor}' }, note: 'by the visitor’s token' }),
  ...ask('anonymous', 'GET /users', { headers: { authorization: 'token {visitor}' }, note: 'by the visitor’s token' }),
]

const tokenIn = (body: Json): string =>
  typeof body === 'object' && body !== null && 'access_token' in body ? String(body.access_token) : ''
