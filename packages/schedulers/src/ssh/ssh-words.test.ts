import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sshFailure } from './ssh-words.ts'

for (const [what, stderr, words, isFinal] of [
  [
    'a changed host key',
    '@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n',
    /is not the one that is known/,
    true,
  ],
  [
    'an unknown host key',
    'No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\nHost key verification failed.\n',
    /is not known here/,
    true,
  ],
  ['a key that it does not take', 'batchway@h: Permission denied (publickey).\n', /does not take the key/, true],
  [
    'a key that all can read',
    '@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nLoad key "/k": bad permissions\nb@h: Permission denied (publickey).',
    /can be read by others/,
    true,
  ],
  [
    'no key',
    'Load key "/k": Permission denied\nx@h: Permission denied (publickey).',
    /identityFile cannot be read/,
    true,
  ],
  ['no forced command', 'bash: line 1: batchway-commands: command not found\n', /no forced command/, true],
  ['no forced command under dash', 'sh: 1: batchway-commands: not found\n', /no forced command/, true],
  ['no rules', 'batchway-commands: /etc/x is missing: do this\n', /does not start: \/etc\/x is missing: do this/, true],
  [
    'a closed port',
    'ssh: connect to host h port 22: Connection refused\n',
    /^ssh: connect to host h port 22: Connection refused$/,
    false,
  ],
  ['silence', '', /^ssh ended with 255$/, false],
  ['control characters', 'a\x1b[31mb\n', /^a \[31mb$/, false],
] as const)
  it(`tells of ${what}`, () => {
    const failure = sshFailure(stderr, null, 255)
    assert.match(failure.words, words)
    assert.equal(failure.isFinal, isFinal)
  })

it('tells what was printed in place of an answer', () => {
  assert.match(sshFailure('', 'Welcome to larch!', 0).words, /it printed "Welcome to larch!" in place/)
})
