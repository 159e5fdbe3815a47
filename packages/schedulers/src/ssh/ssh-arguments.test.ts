import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { isSshHost, sshArguments } from './ssh-arguments.ts'

const target = { host: 'login1.example.edu', port: 2222, user: 'batchway', identityFile: '/k', knownHostsFile: '/h' }

describe('the argv of ssh', () => {
  it('names the host after every option, and trusts no configuration', () => {
    const args = sshArguments(target)
    assert.deepEqual(args.slice(0, 3), ['-F', 'none', '-T'])
    assert.deepEqual(args.slice(-7), ['-p', '2222', '-l', 'batchway', '--', 'login1.example.edu', 'batchway-commands'])
    for (const option of ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'ControlMaster=no', 'ProxyCommand=none'])
      assert.ok(args.includes(option), option)
  })

  it('quotes what holds a blank', () => {
    assert.ok(sshArguments({ ...target, identityFile: '/my key' }).includes('IdentityFile="/my key"'))
  })

  for (const host of ['-oProxyCommand=id', '', 'a b', 'user@host', 'host\n', 'a/b', 'fe80::1%eth0', 'host-', '[::1]'])
    it(`has no host ${JSON.stringify(host)}`, () => {
      assert.equal(isSshHost(host), false)
      assert.throws(() => sshArguments({ ...target, host }), /not the name of a host/)
    })
  for (const host of ['localhost', '10.0.0.1', '::1'.replace('::', '0::'), 'login-1.hpc.example.edu'])
    it(`has a host ${host}`, () => assert.equal(isSshHost(host), true))
})

describe('a real ssh', () => {
  it('reads these options as they are meant', () => {
    let text: string
    try {
      text = execFileSync('ssh', ['-G', ...sshArguments({ ...target, identityFile: '/my key' })], { encoding: 'utf8' })
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return // no ssh on this machine: see ssh.real.test.ts
      throw error
    }
    for (const line of [
      'hostname login1.example.edu',
      'user batchway',
      'port 2222',
      'batchmode yes',
      'stricthostkeychecking true',
      'identityfile /my key',
      'userknownhostsfile /h',
      'controlmaster false',
      'clearallforwardings yes',
      'requesttty false',
    ])
      assert.ok(text.split('\n').includes(line), line)
    assert.doesNotMatch(text, /^proxycommand/m)
  })
})
