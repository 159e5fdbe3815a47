/** Makes the same world on a side, over its API, and the credentials of every caller. */
import { randomBytes } from 'node:crypto'
import { until } from '../e2e/support/until.ts'
import type { Visitor } from '../e2e/support/visitor.ts'
import { exchange } from './exchange.ts'
import { type OpenedSide, type Side, signIn } from './side.ts'
import { type CallerName, serviceTokens, world } from './world.ts'

/** Headers that each caller sends. */
export type Credentials = Readonly<Record<CallerName, Readonly<Record<string, string>>>>

const byToken = (token: string): Readonly<Record<string, string>> => ({ authorization: `token ${token}` })

/** @throws {Error} with the answer, if it is not what it should be. */
async function call(
  side: OpenedSide,
  headers: Readonly<Record<string, string>>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const answer = await exchange(side.port, {
    method,
    path: `/hub/api${path}`,
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? null : Buffer.from(JSON.stringify(body)),
  })
  if (answer.status >= 300) throw new Error(`${side.name}: ${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.text === '' ? {} : JSON.parse(answer.text)
}

function browserOf(visitor: Visitor): { readonly signedIn: Readonly<Record<string, string>>; readonly xsrf: string } {
  const cookie = visitor
    .cookies()
    .filter(({ path }) => path === '/' || path === '/hub/')
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
  return { signedIn: { cookie, 'sec-fetch-mode': 'cors' }, xsrf: visitor.cookie('_xsrf', '/hub/api') ?? '' }
}

/** @param side with nobody in it but whom its configuration names. */
async function populate(side: OpenedSide): Promise<Credentials> {
  const seed = byToken(serviceTokens.seed)
  for (const name of world.users)
    await call(side, seed, 'POST', '/users', { usernames: [name] }).catch((error: unknown) => {
      // JupyterHub makes those whom a role names.
      if (!String(error).includes(': 409 ')) throw error
    })
  for (const [name, users] of Object.entries(world.groups)) await call(side, seed, 'POST', `/groups/${name}`, { users })

  const tokenOf = async (visitor: Visitor, body: object): Promise<{ token: string; id: string }> => {
    const answer = await visitor.api(`/users/${visitor.name}/tokens`, { method: 'POST', body: JSON.stringify(body) })
    if (answer.status !== 201)
      throw new Error(`${side.name}: token of ${visitor.name}: ${answer.status} ${answer.body}`)
    return JSON.parse(answer.body)
  }
  const [alice, bob, gina, admin] = [
    await signIn(side, 'alice'),
    await signIn(side, 'bob'),
    await signIn(side, 'gina'),
    await signIn(side, 'root-admin'),
  ]
  const expired = await tokenOf(alice, { expires_in: 1, note: 'soon over' })
  const revoked = await tokenOf(alice, { note: 'taken back' })
  await alice.api(`/users/alice/tokens/${revoked.id}`, { method: 'DELETE' })
  const aliceBrowser = browserOf(alice)
  const adminBrowser = browserOf(admin)
  const credentials: Credentials = {
    anonymous: {},
    alice: byToken((await tokenOf(alice, { note: 'for the test' })).token),
    bob: byToken((await tokenOf(bob, {})).token),
    gina: byToken((await tokenOf(gina, {})).token),
    admin: byToken((await tokenOf(admin, {})).token),
    culler: byToken(serviceTokens.culler),
    whoami: byToken(serviceTokens.whoami),
    seed,
    narrow: byToken((await tokenOf(alice, { scopes: ['read:users:name!user=alice'], note: 'name only' })).token),
    expired: byToken(expired.token),
    revoked: byToken(revoked.token),
    'made-up': byToken(randomBytes(16).toString('hex')),
    'alice-browser': { ...aliceBrowser.signedIn, 'x-xsrftoken': aliceBrowser.xsrf },
    'alice-forged': aliceBrowser.signedIn,
    'admin-browser': { ...adminBrowser.signedIn, 'x-xsrftoken': adminBrowser.xsrf },
  }
  await until(`${side.name} takes the expired token no more`, async () => {
    const answer = await exchange(side.port, {
      method: 'GET',
      path: '/hub/api/user',
      headers: credentials.expired,
      body: null,
    })
    return answer.status === 403
  })
  return credentials
}

export async function toSide(opened: OpenedSide): Promise<Side> {
  const credentials = await populate(opened)
  const answer = await exchange(opened.port, { method: 'GET', path: '/hub/api/', headers: {}, body: null })
  const { version } = JSON.parse(answer.text)
  return {
    name: opened.name,
    version: String(version),
    port: opened.port,
    credentials,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}
