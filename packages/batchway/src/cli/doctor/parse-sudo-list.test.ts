import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSudoList } from './parse-sudo-list.ts'

const head = (defaults: string): string => `Matching Defaults entries for batchway on login1:\n    ${defaults}\n\n`
const rules = (...lines: string[]): string =>
  `User batchway may run the following commands on login1:\n${lines.map((line) => `    ${line}\n`).join('')}`

describe('parseSudoList', () => {
  it('reads what sudo 1.9.13 prints to a pipe', () => {
    const text =
      head('env_reset, mail_badpass, secure_path=/usr/sbin\\:/usr/bin, use_pty, env_keep+=SLURM_CONF, !lecture') +
      rules('(%batchway-users) NOPASSWD: /opt/batchway/batchway-local-shepherd, /usr/bin/sbatch, /usr/bin/scancel')

    assert.deepEqual(parseSudoList(text), {
      keptVariables: ['SLURM_CONF'],
      rules: [
        {
          runAs: ['%batchway-users'],
          commands: ['/opt/batchway/batchway-local-shepherd', '/usr/bin/sbatch', '/usr/bin/scancel'].map((file) => ({
            text: file,
            needsPassword: false,
          })),
        },
      ],
    })
  })
  it('reads the same, wrapped as on a terminal', () => {
    const text = `Matching Defaults entries for batchway on vm:
    env_reset, mail_badpass,
    use_pty, env_keep+=SLURM_CONF

User batchway may run the following commands on vm:
    (%batchway-users) NOPASSWD:
        /opt/shepherd,
        /usr/bin/sbatch, /usr/bin/scancel
`
    const { rules: found, keptVariables } = parseSudoList(text)
    assert.deepEqual(keptVariables, ['SLURM_CONF'])
    assert.deepEqual(
      found[0]?.commands.map(({ text: file }) => file),
      ['/opt/shepherd', '/usr/bin/sbatch', '/usr/bin/scancel'],
    )
  })
  it('keeps tags for the commands behind them, and runs rules apart', () => {
    const { rules: found } = parseSudoList(
      rules('(alice, bob : staff) /bin/a, NOPASSWD: SETENV: /bin/b, /bin/c, PASSWD: /bin/d', '(ALL) ALL'),
    )
    assert.deepEqual(
      found.map(({ runAs }) => runAs),
      [['alice', 'bob'], ['ALL']],
    )
    assert.deepEqual(
      found[0]?.commands.map(({ needsPassword }) => needsPassword),
      [true, false, false, true],
    )
    assert.deepEqual(found[1]?.commands, [{ text: 'ALL', needsPassword: true }])
  })
  it('reads several names in quotes, and knows when everything passes', () => {
    assert.deepEqual(parseSudoList(head('env_keep+="SLURM_CONF SGE_ROOT"') + rules()).keptVariables, [
      'SLURM_CONF',
      'SGE_ROOT',
    ])
    assert.equal(parseSudoList(head('!env_reset') + rules()).keptVariables, null)
  })
  it('takes commas and colons that belong to a command', () => {
    const [rule] = parseSudoList(rules('(bob) NOPASSWD: /bin/a x\\,y, /bin/b')).rules
    assert.deepEqual(
      rule?.commands.map(({ text }) => text),
      ['/bin/a x,y', '/bin/b'],
    )
  })
  it('reads nothing from a refusal', () => {
    assert.deepEqual(parseSudoList('sudo: a password is required\n'), { rules: [], keptVariables: [] })
  })
})
