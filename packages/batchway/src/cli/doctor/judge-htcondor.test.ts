import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeHtcondor, parseCondorVersion } from './judge-htcondor.ts'

const real = '$CondorVersion: 23.9.6 2026-07-12 PackageID: 23.9.6+dfsg-2.1+b10 $\n$CondorPlatform: X86_64-Debian_13 $\n'
const words = { version: real, domains: { fileSystem: 'hpc.example', uid: 'hpc.example' }, history: '/spool/history' }
const statusOf = (change: Partial<Parameters<typeof judgeHtcondor>[0]>) =>
  judgeHtcondor({ ...words, ...change }).map(({ status }) => status)

describe('what HTCondor says about itself', () => {
  it('names its version', () => {
    assert.deepEqual(parseCondorVersion(real), [23, 9])
    for (const text of ['', 'condor_version: not found', '$CondorVersion: x.y.z $'])
      assert.equal(parseCondorVersion(text), null, text)
  })
  it('is all well for the version that was tried', () => assert.deepEqual(statusOf({}), ['ok', 'ok']))
  it('is something to look at for another one, and too old without the options of the driver', () => {
    for (const [version, status] of [
      ['24.0.1', 'warning'],
      ['10.0.9', 'warning'],
      ['9.12.0', 'problem'],
      ['8.8.15', 'problem'],
    ])
      assert.equal(statusOf({ version: `$CondorVersion: ${version} $` })[0], status, version)
    assert.equal(statusOf({ version: 'what?' })[0], 'warning')
  })
  it('tells what is lost without a history', () => {
    for (const history of [null, '']) assert.deepEqual(statusOf({ history }), ['ok', 'warning', 'ok'])
  })
  it('names the machines that can run sessions', () => {
    assert.match(judgeHtcondor(words).at(-1)?.words ?? '', /FILESYSTEM_DOMAIN hpc\.example/)
    assert.equal(judgeHtcondor({ ...words, domains: null }).length, 1)
  })
})
