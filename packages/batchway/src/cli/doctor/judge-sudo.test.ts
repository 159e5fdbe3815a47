import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeSudo, type SudoFacts, sudoersLines } from './judge-sudo.ts'
import { parseSudoList } from './parse-sudo-list.ts'

const list = (rule: string, defaults = 'env_keep+=SLURM_CONF') =>
  parseSudoList(
    `Matching Defaults entries for batchway on h:\n    ${defaults}\n\nUser batchway may run the following commands on h:\n    ${rule}\n`,
  )
const good = list('(%hpc, !#0) NOPASSWD: /usr/bin/sbatch, /usr/bin/scancel')
const command = (file: string, failure: string | null = null) => ({ file, failure, weakPlaces: [] })
const healthy: SudoFacts = {
  hub: 'batchway',
  account: 'alice',
  commands: [command('/usr/bin/sbatch'), command('/usr/bin/scancel')],
  list: good,
  neededVariables: ['SLURM_CONF'],
}
const password = 'sudo did not run the command as alice: a password is required'
const judged = (change: Partial<SudoFacts>) => judgeSudo({ ...healthy, ...change })
const failing = (failure: string, rule: string | null) =>
  judged({ commands: [command('/usr/bin/sbatch', failure)], list: rule === null ? null : list(rule) })

describe('judgeSudo', () => {
  it('finds nothing to mend where every command runs', () => {
    assert.deepEqual(
      judged({}).map(({ status }) => status),
      ['ok', 'ok'],
    )
  })
  it('only warns where logs cannot be read, and allows the program without any argument', () => {
    const reader = '/opt/batchway/batchway-read-log'
    const [, found] = judged({ commands: [command('/usr/bin/sbatch'), command(reader, password)] })
    assert.equal(found?.status, 'warning')
    assert.match(found.words, /^no rule lets batchway run \/opt\/batchway\/batchway-read-log as alice$/)
    assert.match(found.remedy.join('\n'), /NOPASSWD: \/usr\/bin\/sbatch, \/opt\/batchway\/batchway-read-log ""$/)
  })
  it('does more than warn where no session begins without them', () => {
    const reader = '/opt/batchway/batchway-read-log'
    const commands = [command('/usr/bin/qsub'), command(reader, password)]
    assert.equal(judged({ commands, needsLogs: true })[1]?.status, 'problem')
    const [, found] = judged({ commands: [command('/usr/bin/qsub')], needsLogs: true })
    assert.match(found?.words ?? '', /nothing reads the logs of jobs/)
    assert.equal(judged({ commands: [command(reader)], needsLogs: true }).length, 1)
  })
  for (const [name, failure, rule, words, remedy] of [
    [
      'a missing rule',
      password,
      '(%hpc) NOPASSWD: /usr/bin/scancel',
      /^no rule lets batchway run \/usr\/bin\/sbatch as alice$/,
      /^ {2}batchway ALL = \(%hpc, !#0\) NOPASSWD: \/usr\/bin\/sbatch$/m,
    ],
    [
      'no rules at all',
      password,
      null,
      /no rule lets/,
      /batchway ALL = \(%batchway-users, !#0\) NOPASSWD: \/usr\/bin\/sbatch/,
    ],
    [
      'a person outside the group',
      password,
      '(%hpc) NOPASSWD: /usr/bin/sbatch',
      /act for %hpc, and alice is not among them/,
      /^ {2}usermod --append --groups hpc alice$/m,
    ],
    [
      'a person outside a list of names',
      password,
      '(bob, carol) NOPASSWD: /usr/bin/sbatch',
      /act for bob, carol, and alice is not/,
      /NOPASSWD/,
    ],
    ['a rule that wants a password', password, '(%hpc) /usr/bin/sbatch', /asks for a password/, /NOPASSWD/],
    [
      'a rule for another path',
      password,
      '(%hpc) NOPASSWD: /opt/slurm/bin/sbatch',
      /sudo allows \/opt\/slurm\/bin\/sbatch, and the hub runs \/usr\/bin\/sbatch/,
      /settings\.commandDirectory/,
    ],
    [
      'an unknown account',
      'sudo did not run the command as alice: unknown user alice',
      null,
      /does not know the account alice/,
      /getent passwd/,
    ],
    [
      'a unit that forbids sudo',
      'sudo did not run the command as alice: The "no new privileges" flag is set, which prevents sudo from running as root.',
      null,
      /no new privileges/,
      /NoNewPrivileges=/,
    ],
    [
      'requiretty',
      'sudo did not run the command as alice: sorry, you must have a tty to run sudo',
      null,
      /terminal/,
      /!requiretty/,
    ],
    ['no sudo', 'the command /usr/bin/sudo does not exist', null, /not installed/, /apt install sudo/],
    ['anything else', 'sudo did not run the command as alice: plugin on fire', null, /plugin on fire/, /visudo/],
  ] as const)
    it(`tells ${name}`, () => {
      const [first, ...rest] = failing(failure, rule)
      assert.equal(first?.status, 'problem')
      assert.match(first.words, words)
      assert.match(first.remedy.join('\n'), remedy)
      assert.deepEqual(
        rest.filter(({ status }) => status === 'ok'),
        [],
      )
    })
  it('tells a variable that sudo drops, and only one that is set here', () => {
    const dropped = list('(%hpc) NOPASSWD: /usr/bin/sbatch, /usr/bin/scancel', 'env_reset')
    assert.match(judged({ list: dropped })[2]?.remedy.join('\n') ?? '', /env_keep \+= "SLURM_CONF"/)
    assert.equal(judged({ list: dropped, neededVariables: [] }).length, 2)
  })
  it('warns of rules that give away more than needed', () => {
    for (const rule of ['(ALL) NOPASSWD: /usr/bin/sbatch', '(root) NOPASSWD: /bin/x', '(%hpc) NOPASSWD: /usr/bin/*'])
      assert.equal(judged({ list: list(rule) }).at(-1)?.status, 'warning', rule)
  })
  it('tells programs that others can replace', () => {
    const weak = { ...command('/usr/bin/sbatch'), weakPlaces: ['/usr/bin has mode 777'] }
    const [, verdict] = judged({ commands: [weak] })
    assert.equal(verdict?.status, 'problem')
    assert.match(verdict.words, /\/usr\/bin has mode 777/)
  })
})

describe('sudoersLines', () => {
  it('names a variable only where it is set, and escapes what sudoers(5) reads', () => {
    assert.deepEqual(
      sudoersLines({ hub: 'bw', list: null, neededVariables: [], commands: [{ file: '/opt/slurm=24/bin/sbatch' }] }),
      [
        'Defaults:bw env_reset, !env_keep, !setenv',
        'bw ALL = (%batchway-users, !#0) NOPASSWD: /opt/slurm\\=24/bin/sbatch',
      ],
    )
  })
})
