import assert from 'node:assert/strict'
import { it } from 'node:test'
import { judgeLoginNode } from './judge-login-node.ts'

const good = {
  host: 'login1',
  identityFile: '/k',
  key: { mode: 0o100600, uid: 7 },
  hasKnownHosts: true,
  uid: 7,
  answer: { version: '1.0', host: 'larch1', account: 'gateway', missing: [] },
  clockSeconds: 0,
  ownVersion: '1.0',
}

it('says who answers', () => {
  const [verdict, ...more] = judgeLoginNode(good)
  assert.deepEqual([verdict?.status, verdict?.words, more], ['ok', 'larch1 answers as gateway, version 1.0', []])
})

for (const [what, change, status, words] of [
  ['no key', { key: null }, 'problem', /there is no key \/k/],
  ['a key that others read', { key: { mode: 0o100640, uid: 7 } }, 'problem', /nobody else may read it/],
  ['a key of another', { key: { mode: 0o100600, uid: 0 } }, 'problem', /must belong to the hub/],
  ['no known hosts', { hasKnownHosts: false }, 'problem', /knownHostsFile/],
  [
    'no answer',
    { answer: { failure: 'The login node login1 cannot be reached: x' } },
    'problem',
    /cannot be reached: x/,
  ],
  ['another version', { ownVersion: '2.0' }, 'warning', /it has version 1.0, and this is 2.0/],
  [
    'a program that is missing',
    { answer: { ...good.answer, missing: ['/usr/bin/sbatch'] } },
    'problem',
    /allow \/usr\/bin\/sbatch, which is not there/,
  ],
  ['another time', { clockSeconds: -90 }, 'warning', /its clock is -90 s off/],
] as const)
  it(`tells of ${what}`, () => {
    const verdict = judgeLoginNode({ ...good, ...change }).at(-1)
    assert.equal(verdict?.status, status)
    assert.match(verdict?.words ?? '', words)
  })
