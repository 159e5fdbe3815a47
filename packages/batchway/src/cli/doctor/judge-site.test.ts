import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeAgent } from './judge-agent.ts'
import { judgeLocal } from './judge-local.ts'
import { judgeListeners, judgeProxy, judgeRoutes, type ListenerFacts } from './judge-network.ts'
import { judgeAccount, judgeDatabase, judgeSecrets, judgeState, judgeVersions } from './judge-site.ts'

const place = (path: string, mode: number, uid = 999) => ({
  path,
  found: { uid, owner: uid === 999 ? 'batchway' : 'root', mode },
})
const statuses = (verdicts: readonly { status: string }[]) => verdicts.map(({ status }) => status).join(' ')

describe('judgeAccount', () => {
  const facts = { uid: 999, name: 'batchway', state: place('/s', 0o700), argv: 'batchway doctor --as=alice' }
  it('is content with the owner of the state, or before there is any', () => {
    assert.equal(judgeAccount(facts).status, 'ok')
    assert.equal(judgeAccount({ ...facts, state: { path: '/s', found: null } }).status, 'ok')
  })
  it('says how to become the hub’s account', () => {
    const verdict = judgeAccount({ ...facts, uid: 0, name: 'root' })
    assert.equal(verdict.status, 'problem')
    assert.ok(verdict.remedy.includes('  runuser -u batchway -- batchway doctor --as=alice'))
    assert.equal(judgeAccount({ ...facts, uid: 0, name: 'root', state: { path: '/s', found: null } }).status, 'problem')
  })
})

describe('judgeVersions', () => {
  for (const [node, running, status] of [
    ['v24.21.0', null, 'ok'],
    ['v24.21.0', '0.1.0', 'ok'],
    ['v24.21.0', '0.0.9', 'warning'],
    ['v20.1.0', null, 'problem'],
  ] as const)
    it(`calls Node ${node} beside a hub ${running} ${status}`, () =>
      assert.equal(judgeVersions({ own: '0.1.0', node, running }).status, status))
})

describe('judgeState', () => {
  const facts = {
    state: place('/s', 0o700),
    needsPassage: false,
    sharedBy: null,
    usesSqlite: true,
    freeMiB: 5_000,
    hub: 'batchway',
  }
  for (const [name, change, expected] of [
    ['well', {}, 'ok'],
    ['missing', { state: { path: '/s', found: null } }, 'warning'],
    ['open', { state: place('/s', 0o755) }, 'problem'],
    ['passable, as local jobs of others need it', { state: place('/s', 0o711), needsPassage: true }, 'ok'],
    ['closed to local jobs of others', { needsPassage: true }, 'problem'],
    ['on NFS with SQLite', { sharedBy: 'NFS' }, 'problem'],
    ['on NFS with PostgreSQL', { sharedBy: 'NFS', usesSqlite: false }, 'warning'],
    ['nearly full', { freeMiB: 10 }, 'warning'],
    ['full', { freeMiB: 4 }, 'problem'],
  ] as const)
    it(`calls a directory that is ${name} ${expected}`, () =>
      assert.equal(statuses(judgeState({ ...facts, ...change })), expected))
})

describe('judgeSecrets', () => {
  const secret = { ...place('/s/hub.key', 0o600), isWellFormed: true }
  for (const [name, change, expected] of [
    ['well', {}, 'ok'],
    ['not made yet', { found: null, isWellFormed: false }, 'ok'],
    ['readable by others', { ...place('/s/hub.key', 0o644) }, 'problem'],
    ['somebody else’s', { ...place('/s/hub.key', 0o600, 0) }, 'problem'],
    ['malformed', { isWellFormed: false }, 'problem'],
  ] as const)
    it(`calls a secret that is ${name} ${expected}`, () =>
      assert.equal(statuses(judgeSecrets([{ ...secret, ...change }], 999)), expected))
})

describe('judgeDatabase', () => {
  for (const [state, status, words] of [
    [null, 'ok', /made at the first start/],
    [{ version: 3, known: 3 }, 'ok', /version 3/],
    [{ version: 0, known: 3 }, 'ok', /empty/],
    [{ version: 2, known: 3 }, 'warning', /version 2, this program needs 3/],
    [{ version: 4, known: 3 }, 'problem', /knows up to 3/],
    [{ words: 'locked' }, 'problem', /does not open: locked/],
  ] as const)
    it(`calls ${JSON.stringify(state)} ${status}`, () => {
      const verdict = judgeDatabase({ kind: 'SQLite', state, isHubRunning: false })
      assert.equal(verdict.status, status)
      assert.match(verdict.words, words)
    })
})

describe('judgeListeners', () => {
  const listener = (change: Partial<ListenerFacts>): ListenerFacts => ({
    address: '0.0.0.0:443',
    setBy: 'listen',
    state: 'free',
    code: null,
    ...change,
  })
  it('is content with what is free or ours', () =>
    assert.equal(
      judgeListeners([listener({}), listener({ state: 'ours' })])[0]?.words,
      '0.0.0.0:443 (free), 0.0.0.0:443 (ours)',
    ))
  for (const [change, words, remedy] of [
    [{ state: 'taken' }, /held by another program/, /sport = :443/],
    [{ state: 'unavailable', code: 'EACCES' }, /may not listen/, /CAP_NET_BIND_SERVICE/],
    [{ state: 'unavailable', code: 'EADDRNOTAVAIL' }, /no address of this host/, /ip -brief address/],
    [{ state: 'unavailable', code: 'EACCES', address: 'unix:/run/x' }, /may not listen/, /folder of the socket/],
    [{ state: 'silent', setBy: 'hub.internal' }, /the hub runs, and nobody listens/, /Restart the hub/],
  ] as const)
    it(`tells ${JSON.stringify(change)}`, () => {
      const [verdict] = judgeListeners([listener(change)])
      assert.equal(verdict?.status, 'problem')
      assert.match(verdict.words, words)
      assert.match(verdict.remedy.join('\n'), remedy)
    })
})

describe('judgeProxy', () => {
  const facts = {
    answer: 'ok',
    control: 'unix:/s/p',
    tokenFile: '/s/proxy.token',
    isHubRunning: true,
    startsIt: false,
  } as const
  it('tells silence beside a hub from silence alone, and a wrong token from both', () => {
    assert.equal(judgeProxy(facts).status, 'ok')
    assert.equal(judgeProxy({ ...facts, answer: 'silent' }).status, 'problem')
    assert.equal(judgeProxy({ ...facts, answer: 'silent', isHubRunning: false }).status, 'skipped')
    assert.match(judgeProxy({ ...facts, answer: 'refused' }).words, /another token than that of \/s\/proxy\.token/)
  })
})

describe('judgeRoutes', () => {
  const ways = { rest: 'hub', hub: 'hub', base: '/', hasHosts: false }
  const facts = { ...ways, routes: ['/', '/user/alice'], ready: ['/user/alice'] }
  const hosts = ['/hub.test', '/a.test/user/a']
  for (const [name, change, expected] of [
    ['match', {}, 'ok'],
    ['miss one', { routes: ['/'] }, 'warning'],
    ['have one too many', { ready: [] }, 'warning'],
    ['match with hosts', { hasHosts: true, routes: hosts, ready: hosts.slice(1) }, 'ok'],
    ['have one too many with hosts', { hasHosts: true, routes: hosts, ready: [] }, 'warning'],
    ['lead elsewhere', { rest: 'http://other' }, 'problem'],
    ['lead nowhere', { rest: null }, 'problem'],
  ] as const)
    it(`calls routes that ${name} ${expected}`, () =>
      assert.equal(statuses(judgeRoutes({ ...facts, ...change })), expected))
})

describe('judgeAgent', () => {
  const installed = { directory: '/a/1', version: '0.1.0', protocol: 2, hasRuntime: true }
  const facts = {
    folder: '/a',
    installed,
    weakPlaces: [],
    closedPlaces: [],
    own: { version: '0.1.0', protocol: 2, oldestProtocol: 1 },
    actsForOthers: true,
    isLocal: false,
  }
  for (const [name, change, expected, words] of [
    ['is well', {}, 'ok', /protocol 2/],
    ['has no folder', { folder: null }, 'problem', /closed to the accounts/],
    ['is left to the hub', { folder: null, installed: null, actsForOthers: false }, 'ok', /first start/],
    ['is not installed', { installed: null }, 'problem', /no agent in \/a/],
    ['speaks another protocol', { installed: { ...installed, protocol: 3 } }, 'problem', /protocol 3, the hub 2/],
    ['speaks one that is too old', { installed: { ...installed, protocol: 0 } }, 'problem', /will refuse its claims/],
    ['says none', { installed: { ...installed, protocol: null } }, 'problem', /\(unknown\), the hub 2/],
    ['speaks an older one', { installed: { ...installed, protocol: 1 } }, 'warning', /refused, such as .*\{socket\}/],
    ['is older', { installed: { ...installed, version: '0.0.9' } }, 'warning', /version 0\.0\.9/],
    ['has no runtime', { installed: { ...installed, hasRuntime: false } }, 'problem', /no runtime/],
    ['can be changed by others', { weakPlaces: ['/a has mode 777'] }, 'problem', /\/a has mode 777/],
    ['cannot be read by others', { closedPlaces: ['/a has mode 700'] }, 'problem', /\/a has mode 700/],
    ['need not be read by others', { closedPlaces: ['/a has mode 700'], actsForOthers: false }, 'ok', /protocol/],
  ] as const)
    it(`calls an agent that ${name} ${expected}`, () => {
      const verdicts = judgeAgent({ ...facts, ...change })
      assert.equal(statuses(verdicts), expected)
      assert.match(verdicts[0]?.words ?? '', words)
    })
})

describe('judgeLocal', () => {
  const facts = {
    pid: 7,
    isHubRunning: true,
    state: '/s/local',
    mode: 0o700,
    usesSudo: true,
    shepherd: { path: '/a/batchway-local-shepherd', isThere: true },
    hidesProcesses: false,
    hasSystemd: false,
    hasUserManager: true,
    hub: 'batchway',
  }
  for (const [name, change, expected] of [
    ['answers', {}, 'ok'],
    ['does not answer', { pid: null }, 'problem'],
    ['does not answer, nor does the hub', { pid: null, isHubRunning: false }, 'warning'],
    ['is open', { mode: 0o755 }, 'problem'],
    ['has no shepherd', { shepherd: { path: '/a/x', isThere: false } }, 'problem'],
    ['cannot see processes', { hidesProcesses: true }, 'problem'],
    ['need not see processes', { hidesProcesses: true, usesSudo: false }, 'ok'],
    ['has systemd without a manager', { hasSystemd: true, hasUserManager: false }, 'warning'],
  ] as const)
    it(`calls one that ${name} ${expected}`, () =>
      assert.equal(statuses(judgeLocal({ ...facts, ...change })), expected))
})
