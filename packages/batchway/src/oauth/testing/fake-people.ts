/** People in memory for the tests of this room: alice and bob, an admin, and a client for alice's server. */
import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { applicationPlaces } from '../../core/application-hosts.ts'
import { silentLogger } from '../../core/logger.ts'
import { issueXsrf, xsrfBinding } from '../../core/xsrf.ts'
import type { AuditInput } from '../../people/audit.ts'
import type { OAuthClient, People, Token, User } from '../../people/people.ts'
import { openRoleBook, scopesOfUser } from '../../people/roles.ts'
import { openServices, type ServiceClient } from '../../people/services.ts'
import { mountOAuth } from '../app.ts'
import type { OAuthDeps } from '../deps.ts'

export const now = 1_700_000_000_000
const xsrfKey = 'x'.repeat(40)

const user = (id: number, name: string, isAdmin = false): User => ({
  id,
  name,
  isAdmin,
  groups: [],
  createdAt: now,
  lastActivityAt: null,
  preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
})
export const alice = user(1, 'alice')
export const bob = user(2, 'bob')
export const boss = user(3, 'boss', true)
const users = [alice, bob, boss]

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Code = Parameters<People['createCode']>[0]

export function fakeOAuth(base = '/') {
  const client: OAuthClient = {
    id: 'jupyterhub-user-alice',
    secretHash: createHash('sha256').update('server-secret').digest('hex'),
    redirectUri: `${base}user/alice/oauth_callback`,
    allowedScopes: [],
    description: `Server at ${base}user/alice/`,
    userId: alice.id,
    serverName: '',
  }
  const clients = new Map([[client.id, client]])
  const codes = new Map<string, Code>()
  const tokens: { text: string; token: Omit<Token, 'id' | 'createdAt' | 'lastActivityAt'> }[] = []
  const pages: { name: string; model: object }[] = []
  const audited: AuditInput[] = []
  let count = 0
  // Alice and boss may open the service, bob may not.
  const book = openRoleBook(
    [
      [
        'visitors',
        { description: '', scopes: ['access:services!service=whoami'], users: ['alice'], groups: [], services: [] },
      ],
    ],
    new Map([['custom:jobs:read', []]]),
  )
  const service: Mutable<ServiceClient> = {
    id: 'service-whoami',
    redirectUri: `${base}services/whoami/oauth_callback`,
    allowedScopes: [],
    isTrusted: false,
  }
  const services = openServices([
    {
      service: {
        name: 'whoami',
        url: 'http://127.0.0.1:10101',
        prefix: `${base}services/whoami/`,
        isPrefixStripped: false,
        isDisplayed: true,
        info: {},
        roles: [],
        client: service,
      },
      tokenHash: createHash('sha256').update('service-secret').digest('hex'),
    },
  ])

  const deps: OAuthDeps = {
    people: {
      async callerOfCookie(secret) {
        const found = users.find((each) => secret === `login-${each.name}`)
        if (!found) return { kind: 'anonymous' }
        const signIn = {
          id: `signin-${found.id}`,
          userId: found.id,
          way: 'link',
          createdAt: now,
          expiresAt: now + 60_000,
        }
        return { kind: 'browser', user: found, signIn, scopes: scopesOfUser(found, book) }
      },
      findUserById: async (id) => users.find((each) => each.id === id) ?? null,
      findClient: async (id) => clients.get(id) ?? null,
      async createCode(code) {
        codes.set(`code-${++count}`, code)
        return `code-${count}`
      },
      async redeemCode(text) {
        const code = codes.get(text) ?? null
        codes.delete(text)
        return code
      },
      async insertToken(text, token) {
        tokens.push({ text, token })
        return { ...token, id: tokens.length, createdAt: now, lastActivityAt: null }
      },
      describeTokens: async (owner) =>
        tokens
          .filter(({ token }) => token.userId === owner.id && (token.expiresAt === null || token.expiresAt > now))
          .map(({ token }, at) => ({
            token: { ...token, id: at + 1, createdAt: now, lastActivityAt: null },
            scopes: [],
            application: null,
          })),
    },
    services,
    book,
    settings: {
      base,
      publicUrl: `https://hub.example${base}`,
      places: applicationPlaces({ url: `https://hub.example${base}` }),
      origins: ['https://hub.example'],
      versions: { jupyterhub: '5.4.5', batchway: '0.1.0' },
      xsrfKey,
      tokenSeconds: 1_209_600,
    },
    log: silentLogger,
    audit: async (entry) => void audited.push(entry),
    renderPage(name, model) {
      pages.push({ name, model })
      return `<html>${name}</html>`
    },
    now: () => now,
    newToken: () => `${++count}`.padStart(32, 'a'),
    newRequestId: () => 'request-1',
  }
  const apps = mountOAuth(deps)
  const xsrfOf = (who: User): string => issueXsrf(xsrfKey, xsrfBinding(`signin-${who.id}`), 'n'.repeat(22), now)
  const cookieOf = (who: User): string => `jupyterhub-hub-login=login-${who.name}; _xsrf=${xsrfOf(who)}`
  const root = new Hono().route('/', apps.publicOAuth)
  return { ...apps, root, deps, client, clients, service, codes, tokens, pages, audited, xsrfOf, cookieOf }
}
