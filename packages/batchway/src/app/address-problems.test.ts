import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../core/parse-config.ts'
import { addressProblems } from './address-problems.ts'

const site = {
  stateDirectory: '/var/lib/batchway',
  clusters: { here: { driver: 'local' } },
  applications: { jupyter: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'jupyter' }],
}
const check = (more: object) => parseConfig({ ...site, ...more }, 'site.yaml', (parts) => addressProblems(parts))

describe('plain http', () => {
  for (const url of [
    'http://127.0.0.1:8000/',
    'http://localhost/jupyter/',
    'http://[::1]:1/',
    'https://hpc.example.edu/',
  ])
    it(`is no problem at ${url}`, () => assert.equal(check({ url }).url, url))
  for (const url of [
    'http://hpc.example.edu/',
    'http://10.0.0.1/',
    'http://localhost.evil.org/',
    'http://127.0.0.1.evil.org/',
  ])
    it(`is refused at ${url}, unless it is said to be meant`, () => {
      assert.throws(() => check({ url }), /url: everyone on the way can read/)
      assert.equal(check({ url, insecureHttp: true }).url, url)
    })
})

describe('TLS of the proxy itself', () => {
  const proxy = { tls: { certificateFile: '/c', keyFile: '/k' } }
  it('goes with an https address and a listener that can speak it', () => {
    const url = 'https://hpc.example.edu/'
    assert.equal(check({ url, proxy, listen: ['unix:/a', '[::]:443'] }).proxy.tls?.keyFile, '/k')
    assert.throws(() => check({ url, proxy, listen: ['unix:/a'] }), /proxy\.tls: a unix socket speaks no TLS/)
    assert.throws(() => check({ url: 'http://localhost:8000/', proxy }), /url: the proxy speaks TLS .* write "https:/)
    assert.equal(check({ url: 'http://localhost:8000/' }).proxy.tls, undefined)
  })
})

describe('hosts of applications', () => {
  const applicationHosts = '{user}--{server}.jupyter.example.edu'
  it('need a hub with a name', () => {
    assert.equal(check({ url: 'https://jupyter.example.edu/', applicationHosts }).applicationHosts, applicationHosts)
    for (const url of ['http://127.0.0.1:8000/', 'http://[::1]:8000/'])
      assert.throws(() => check({ url, applicationHosts }), /url: with "applicationHosts" the hub needs a host name/)
  })
  it('are a pattern of one label', () =>
    assert.throws(
      () => check({ url: 'https://hpc.example.edu/', applicationHosts: '*.example.edu' }),
      /applicationHosts: write "\{user\}--\{server\}\.DOMAIN" or/,
    ))
})

describe('listeners', () => {
  it('each have an address of their own', () => {
    const listen = ['0.0.0.0:8000', 'unix:/run/a']
    assert.deepEqual(check({ listen, hub: { internal: ['0.0.0.0:8081'] } }).listen, listen)
    assert.deepEqual(check({ listen: ['[::1]:0'], hub: { internal: ['[::1]:0'] } }).listen, ['[::1]:0'])
    assert.throws(
      () => check({ listen, hub: { internal: ['0.0.0.0:8000'] }, proxy: { metrics: 'unix:/run/a' } }),
      /hub\.internal\[0\]: listen\[0\] listens at 0\.0\.0\.0:8000 already: write another port\n {2}proxy\.metrics: listen\[1\] listens/,
    )
  })
  it('have a port that there is', () => {
    assert.throws(() => check({ listen: ['0.0.0.0:65536'] }), /listen\[0\]: write a port of at most 65535/)
    assert.deepEqual(check({ listen: ['[::]:65535'] }).listen, ['[::]:65535'])
  })
})
