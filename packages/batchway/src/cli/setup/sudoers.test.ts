import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseUidMin } from '../../app/account-check.ts'
import { compareTexts } from './compare-texts.ts'
import { type SudoersFacts, sudoersFile } from './sudoers.ts'
import { isSystemUid, parsePasswd } from './system-accounts.ts'

const facts: SudoersFacts = {
  hub: 'batchway',
  people: { group: 'batchway-users' },
  commands: ['/usr/bin/squeue', '/usr/bin/sbatch', '/opt/batchway/batchway-read-log', '/usr/bin/sbatch'],
  keep: [],
}
const rules = (change: Partial<SudoersFacts> = {}): string =>
  sudoersFile({ ...facts, ...change })
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n')

describe('sudoersFile', () => {
  it('names each program once, in order, and lets those of Batchway take no argument', () =>
    assert.equal(
      rules(),
      [
        'Defaults:batchway env_reset, !env_keep, !setenv',
        'Defaults:batchway umask = 0022, umask_override',
        'Defaults:batchway !requiretty, !lecture',
        'Defaults:batchway !log_input, !log_output',
        'batchway ALL = (%batchway-users, !#0) NOPASSWD: /opt/batchway/batchway-read-log "", \\',
        '    /usr/bin/sbatch, \\',
        '    /usr/bin/squeue',
      ].join('\n'),
    ))
  it('lets variables through by name only', () =>
    assert.match(
      rules({ keep: ['SLURM_CONF', 'A'] }),
      /^Defaults:batchway env_reset, env_keep = "A SLURM_CONF", !setenv$/m,
    ))
  it('leaves root out of everybody, whatever is given', () =>
    assert.match(rules({ people: { everybodyBut: [2, 1] } }), /^batchway ALL = \(ALL, !#0, !#1, !#2\) NOPASSWD: /m))
  it('escapes what sudoers(5) reads as something else', () => {
    assert.match(rules({ people: { group: 'DOMAIN\\hpc users' } }), /\(%DOMAIN\\\\hpc\\ users, !#0\)/)
    assert.match(rules({ commands: ['/opt/a=b/*?'] }), /NOPASSWD: \/opt\/a\\=b\/\\\*\\\?$/m)
  })
})

describe('system accounts', () => {
  it('are those below what login.defs says', () => {
    assert.equal(parseUidMin('# UID_MIN 5\nUID_MIN\t\t  500\nSYS_UID_MIN 100\n'), 500)
    assert.equal(parseUidMin(''), 1_000)
    for (const [uid, isSystem] of [
      [0, true],
      [999, true],
      [1_000, false],
      [65_534, true],
      [65_533, false],
    ] as const)
      assert.equal(isSystemUid(uid, 1_000), isSystem, `${uid}`)
  })
  it('are read from passwd lines', () =>
    assert.deepEqual(parsePasswd('root:x:0:0:root:/root:/bin/sh\n+nis\n\na:x:b:0:::\nal:x:7:7::/h:\n'), [
      { name: 'root', uid: 0, shell: '/bin/sh', home: '/root' },
      { name: 'al', uid: 7, shell: '', home: '/h' },
    ]))
})

describe('compareTexts', () => {
  it('says what is there and what should be', () =>
    assert.deepEqual(compareTexts('a\nb\nc\n', 'a\nB\nc\nd\n'), ['- b', '+ B', '+ d']))
  it('loses no line and invents none', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c')).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (found, wanted) => {
        const differences = compareTexts(found, wanted)
        const count = (lines: readonly string[], sign: string): number =>
          lines.filter((line) => line.startsWith(sign)).length
        assert.equal(differences.length === 0, found === wanted)
        assert.equal(
          found.split('\n').length - count(differences, '- '),
          wanted.split('\n').length - count(differences, '+ '),
        )
      }),
    )
  })
})
