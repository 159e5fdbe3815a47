/**
 * JupyterHub 6.0's REST API, operation by operation, against ours: each is there with its documented scope, or stands below with the
 * reason why not. Source: its OpenAPI description (`docs/source/reference/rest-api.yml`, 6.0.0b2).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listApiRoutes } from './app.ts'
import { fakeHub } from './testing/fake-hub.ts'

/** Operation → its scope; '' = any credentials or none. Parameters are named as there. */
const documented: Readonly<Record<string, string>> = {
  'get /': '',
  'get /info': 'read:hub',
  'get /user': '',
  'get /users': 'list:users',
  'post /users': 'admin:users',
  'get /users/{name}': 'read:users',
  'post /users/{name}': 'admin:users',
  'delete /users/{name}': 'delete:users',
  'patch /users/{name}': 'admin:users',
  'post /users/{name}/activity': 'users:activity',
  'post /users/{name}/server': 'servers',
  'delete /users/{name}/server': 'delete:servers',
  'get /users/{name}/servers/{server_name}': 'read:servers',
  'put /users/{name}/servers/{server_name}': 'start:servers',
  'post /users/{name}/servers/{server_name}': 'start:servers',
  'delete /users/{name}/servers/{server_name}': 'delete:servers',
  'patch /users/{name}/servers/{server_name}': 'start:servers',
  'get /users/{name}/shared': 'read:users:shares',
  'get /users/{name}/shared/{owner}/{server_name}': 'read:users:shares',
  'delete /users/{name}/shared/{owner}/{server_name}': 'users:shares',
  'get /users/{name}/tokens': 'read:tokens',
  'post /users/{name}/tokens': 'tokens',
  'get /users/{name}/tokens/{token_id}': 'read:tokens',
  'delete /users/{name}/tokens/{token_id}': 'tokens',
  'get /groups': 'list:groups',
  'get /groups/{name}': 'read:groups',
  'post /groups/{name}': 'admin:groups',
  'delete /groups/{name}': 'delete:groups',
  'get /groups/{name}/shared': 'read:groups:shares',
  'get /groups/{name}/shared/{owner}/{server_name}': 'read:groups:shares',
  'delete /groups/{name}/shared/{owner}/{server_name}': 'groups:shares',
  'post /groups/{name}/users': 'groups',
  'delete /groups/{name}/users': 'groups',
  'put /groups/{name}/properties': 'groups',
  'get /shares/{owner}': 'read:shares',
  'get /shares/{owner}/{server_name}': 'read:shares',
  'post /shares/{owner}/{server_name}': 'shares',
  'patch /shares/{owner}/{server_name}': 'shares',
  'delete /shares/{owner}/{server_name}': 'shares',
  'get /share-codes/{owner}': 'read:shares',
  'get /share-codes/{owner}/{server_name}': 'read:shares',
  'post /share-codes/{owner}/{server_name}': 'shares',
  'delete /share-codes/{owner}/{server_name}': 'shares',
  // Described as `read:services`; the program asks for this one.
  'get /services': 'list:services',
  'get /services/{name}': 'read:services',
  'get /proxy': 'proxy',
  'post /proxy': 'proxy',
  'patch /proxy': 'proxy',
  'post /authorizations/token': 'tokens',
  'get /authorizations/token/{token}': '',
  'get /authorizations/cookie/{cookie_name}/{cookie_value}': '',
  'get /oauth2/authorize': '',
  'post /oauth2/token': '',
  'post /shutdown': 'shutdown',
}

/** What is not among our routes, and why. A line that is no longer true fails. */
const absent: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/ \/authorizations\//, 'deprecated since 2.0 or removed; they put credentials into addresses, where logs keep them'],
  [/ \/oauth2\//, 'answered by the OAuth room below the same path, with tests of its own'],
]

const shape = (path: string): string => path.replaceAll(/\{\w+\}/g, '{}')

describe('JupyterHub’s REST API', () => {
  const routes = listApiRoutes(fakeHub().deps)
  const ours = new Map(
    routes.map((route) => [`${route.method} ${shape(route.path === '' ? '/' : route.path)}`, route.access]),
  )

  for (const [operation, scope] of Object.entries(documented)) {
    const [, reason] = absent.find(([pattern]) => pattern.test(operation)) ?? []
    if (reason !== undefined) {
      it(`does without ${operation}: ${reason}`, () => assert.equal(ours.get(shape(operation)), undefined))
      continue
    }
    it(`has ${operation}${scope === '' ? '' : ` for ${scope}`}`, () => {
      const access = ours.get(shape(operation))
      assert.ok(access, 'is missing')
      if (scope !== '') assert.ok(typeof access === 'object' && access.anyOf.includes(scope), JSON.stringify(access))
      else assert.equal(typeof access, 'string')
    })
  }
  it('is complete but for what has a reason', () => {
    const used = absent.filter(([pattern]) => Object.keys(documented).some((operation) => pattern.test(operation)))
    assert.equal(used.length, absent.length)
  })
})
