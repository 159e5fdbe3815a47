import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openControlClient, startProxy } from '@batchway/proxy'
import { silentLogger } from '../core/logger.ts'
import { parseConfig } from '../core/parse-config.ts'
import { hashOf } from '../people/secrets.ts'
import { openRouteKeeper } from '../sessions/route-keeper.ts'
import { openSiteServices, routesOfServices } from './open-services.ts'
import { siteProblems } from './site-problems.ts'

const site = {
  url: 'https://hpc.example.edu/jupyter/',
  stateDirectory: '/var/lib/batchway',
  clusters: { here: { driver: 'local' } },
  applications: { jupyter: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'jupyter' }],
}
const check = (more: object) => parseConfig({ ...site, ...more }, 'site.yaml', (parts) => siteProblems(parts, []))
const token = 'c0ffee0123456789c0ffee0123456789'
const apiTokenVariable = 'TOKEN'
const open = (services: object, environment: Record<string, string> = { TOKEN: token }, more: object = {}) =>
  openSiteServices(check({ services, ...more }), environment)

const folder = mkdtempSync(join(tmpdir(), 'services-'))
after(() => rmSync(folder, { recursive: true }))
const tokenFile = (text: string, mode = 0o600): string => {
  const file = join(folder, `token-${Math.random()}`)
  writeFileSync(file, `${text}\n`)
  chmodSync(file, mode)
  return file
}

describe('services in the configuration', () => {
  it('that mean nothing are told with their place, and what was meant', () => {
    const url = 'http://127.0.0.1:10101'
    for (const [services, words] of [
      [{ whoami: { url } }, /services\.whoami\.apiTokenFile: is missing: name a file/],
      [{ whoami: { apiTokenVariable, apiTokenFile: '/etc/t' } }, /apiTokenVariable: write a file or a variable/],
      [{ Whoami: { apiTokenVariable } }, /services\.Whoami: a service’s name has/],
      [{ 'a/b': { apiTokenVariable } }, /a service’s name has/],
      [{ whoami: { apiTokenVariable, oauth_client_id: 'x' } }, /did you mean "oauthClientId"/],
      [{ whoami: { apiTokenVariable, oauth_no_confirm: true } }, /did you mean "oauthNoConfirm"/],
      [{ whoami: { apiTokenVariable, command: ['x'] } }, /services\.whoami\.command: is not offered.*systemd/],
      [
        { whoami: { apiTokenVariable, admin: true } },
        /services\.whoami\.admin: is not offered: name what .* in a role/,
      ],
      [{ whoami: { apiTokenVariable, api_token: 'x' } }, /api_token: secrets are not written here/],
      [{ whoami: { apiTokenVariable, url: 'https://127.0.0.1:1' } }, /url: write "http:\/\/HOST:PORT"/],
      [{ whoami: { apiTokenVariable, url: `${url}/path` } }, /url: write .* without a path/],
      [{ whoami: { apiTokenVariable, url: 'http://user:pw@127.0.0.1:1' } }, /url: write/],
      [
        { whoami: { apiTokenVariable, url, oauthClientId: 'jupyterhub-user-alice' } },
        /oauthClientId: write "service-"/,
      ],
      [{ whoami: { apiTokenVariable, url, oauthRedirectUri: '//evil.example/' } }, /oauthRedirectUri: write a path/],
      [
        { whoami: { apiTokenVariable, url, oauthRedirectUri: 'javascript:alert(1)' } },
        /oauthRedirectUri: write a path/,
      ],
      [{ whoami: { apiTokenVariable, oauthNoConfirm: true } }, /oauthNoConfirm: nobody signs in there/],
      [
        { whoami: { apiTokenVariable, url, clientAllowedScopes: ['read:severs'] } },
        /\[0\].*did you mean "read:servers"/,
      ],
      [
        { a: { apiTokenVariable, url }, b: { apiTokenVariable, url, oauthClientId: 'service-a' } },
        /services\.b\.oauthClientId: "service-a" is the id of the service "a" already/,
      ],
    ] as const)
      assert.throws(() => check({ services }), words)
  })
  it('are what roles name', () => {
    const roles = { culls: { scopes: ['list:users'], services: ['culer'] } }
    assert.throws(
      () => check({ roles, services: { culler: { apiTokenVariable } } }),
      /no service "culer"; did you mean "culler"/,
    )
    assert.throws(() => check({ roles }), /there is no service "culer"; name it in "services"/)
  })
  it('become clients, routes and holders of roles', () => {
    const services = open(
      {
        whoami: { apiTokenVariable, url: 'http://127.0.0.1:10101/', clientAllowedScopes: ['user'] },
        culler: { apiTokenVariable: 'CULLER' },
        jobs: { apiTokenVariable: 'JOBS', oauthRedirectUri: 'https://jobs.example/callback', oauthNoConfirm: true },
        sock: { apiTokenVariable: 'SOCK', url: 'http+unix://%2Frun%2Fsock%2Fs.sock' },
      },
      { TOKEN: token, CULLER: `${token}2`, JOBS: `${token}3`, SOCK: `${token}4` },
      { roles: { culls: { scopes: ['list:users'], services: ['culler'] } } },
    )
    assert.deepEqual(services.find('whoami'), {
      name: 'whoami',
      url: 'http://127.0.0.1:10101/',
      prefix: '/jupyter/services/whoami/',
      isPrefixStripped: false,
      isDisplayed: true,
      info: {},
      roles: [],
      client: {
        id: 'service-whoami',
        redirectUri: '/jupyter/services/whoami/oauth_callback',
        allowedScopes: ['user'],
        isTrusted: false,
      },
    })
    assert.deepEqual(services.find('culler')?.roles, ['culls'])
    assert.equal(services.find('culler')?.client, null)
    assert.equal(services.ofClient('service-jobs')?.service.client?.redirectUri, 'https://jobs.example/callback')
    assert.equal(services.ofToken(hashOf(`${token}2`))?.name, 'culler')
    assert.equal(services.ofToken(hashOf('other')), null)
    const target = 'http+unix://%2Frun%2Fsock%2Fs.sock'
    for (const [hubRoute, host] of [
      ['/', ''],
      ['/hpc.example.edu', '/hpc.example.edu'],
    ] as const)
      assert.deepEqual(routesOfServices(services, hubRoute), [
        {
          path: `${host}/jupyter/services/whoami`,
          name: 'whoami',
          target: 'http://127.0.0.1:10101',
          isPrefixStripped: false,
        },
        { path: `${host}/jupyter/services/sock`, name: 'sock', target, isPrefixStripped: false },
      ])
  })
  it('reach a program that can live at "/" alone, where it is configured so', async () => {
    const program = createServer(({ url }, response) =>
      url === '/old' ? response.writeHead(302, { Location: '/new' }).end() : response.end(url),
    )
    program.listen(0, '127.0.0.1')
    await once(program, 'listening')
    const bound = program.address()
    const url = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`
    const services = open(
      { whole: { apiTokenVariable, url }, stripped: { apiTokenVariable: 'OTHER', url, stripPrefix: true } },
      { TOKEN: token, OTHER: `${token}2` },
    )
    const proxy = await startProxy({ listen: ['127.0.0.1:0'], control: '127.0.0.1:0', token })
    using control = openControlClient({ address: proxy.control, token })
    try {
      const hubRoute = { path: '/', target: 'http://127.0.0.1:9' }
      const keeper = openRouteKeeper(control, hubRoute, silentLogger, routesOfServices(services, '/'))
      await keeper.mend()
      assert.equal(await keeper.mend(), 0)
      const at = `http://${proxy.listen[0]}/jupyter/services`
      assert.equal(await (await fetch(`${at}/stripped/a?b`)).text(), '/a?b')
      assert.equal(await (await fetch(`${at}/stripped/old`)).text(), '/new', 'and its redirects lead back to it')
      assert.equal(await (await fetch(`${at}/whole/a?b`)).text(), '/jupyter/services/whole/a?b')
    } finally {
      await proxy.stop(0)
      program.close()
      program.closeAllConnections()
    }
  })
})

describe('the token of a service', () => {
  it('is kept as its hash alone', () => {
    const services = open({ whoami: { apiTokenFile: tokenFile(token) } })
    assert.equal(services.ofToken(hashOf(token))?.name, 'whoami')
    assert.doesNotMatch(JSON.stringify([...services.all, services.ofClient('service-whoami')]), new RegExp(token))
  })
  it('is refused when it is missing, weak, shared or open to others', () => {
    const file = (text: string, mode?: number) => ({ whoami: { apiTokenFile: tokenFile(text, mode) } })
    assert.throws(() => open({ whoami: { apiTokenVariable } }, {}), /token of the service "whoami" .* set TOKEN/)
    assert.throws(() => open(file(token, 0o644)), /is open to others/)
    assert.throws(() => open(file('short-token')), /no random token of 32 characters or more for "whoami"/)
    assert.throws(() => open(file('a'.repeat(64))), /no random token/)
    assert.throws(() => open(file(`TOKEN=${token} # mine`)), /holds more than a token/)
    assert.throws(
      () => open({ a: { apiTokenVariable }, b: { apiTokenVariable } }),
      /"a" and "b" have the same token: give each its own/,
    )
  })
})
