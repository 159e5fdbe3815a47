import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decideCommand } from './decide-command.ts'
import type { RemoteExecution } from './messages.ts'
import { parseRules } from './parse-rules.ts'

const rules = parseRules(
  'users /usr/bin/sbatch\nusers /usr/bin/squeue\nitself /usr/bin/squeue\nvariable SLURM_TIME_FORMAT\nset SLURM_CONF=/etc/s.conf\nholds /h\n',
)
const order = (change: Partial<RemoteExecution>): RemoteExecution => ({
  file: 'sbatch',
  args: ['--x'],
  account: 'alice',
  variables: { SLURM_TIME_FORMAT: '%s' },
  stdin: 'in',
  timeoutMs: 1,
  outputLimitBytes: 2,
  graceMs: 3,
  hold: null,
  ...change,
})
const decide = (change: Partial<RemoteExecution>) => decideCommand(order(change), rules, 'gateway')

describe('a command on a login node', () => {
  it('runs by sudo as its user, in an environment of the login node’s own', () => {
    assert.deepEqual(decide({}), {
      execution: {
        file: '/usr/bin/sudo',
        args: ['-n', '-u', 'alice', '--', '/usr/bin/sbatch', '--x'],
        environment: {
          PATH: '/usr/bin:/bin',
          HOME: '/',
          SLURM_CONF: '/etc/s.conf',
          SLURM_TIME_FORMAT: '%s',
          LC_ALL: 'C',
          TZ: 'UTC',
        },
        stdin: 'in',
        timeoutMs: 1,
        outputLimitBytes: 2,
        graceMs: 3,
      },
    })
  })

  it('runs as the account itself where the rules say so', () => {
    const decision = decide({ file: '/usr/bin/squeue', account: null })
    assert.ok('execution' in decision)
    assert.deepEqual([decision.execution.file, decision.execution.args], ['/usr/bin/squeue', ['--x']])
  })

  for (const [what, change, words] of [
    ['another program', { file: 'sh' }, /do not allow "sh" as its users/],
    ['another path of an allowed name', { file: '/tmp/sbatch' }, /do not allow "\/tmp\/sbatch"/],
    ['a path with dots', { file: '/usr/bin/../bin/sbatch' }, /do not allow/],
    ['a path from here', { file: './sbatch' }, /do not allow/],
    ['an empty name', { file: '' }, /do not allow/],
    ['a submit as the account itself', { account: null }, /do not allow "sbatch" as the account of the gateway/],
    ['root', { account: 'root' }, /nothing runs as root/],
    ['Root', { account: 'Root' }, /nothing runs as Root/],
    ['the account itself by name', { account: 'gateway' }, /nothing runs as gateway/],
    ['a uid', { account: '#0' }, /not a login name/],
    ['an option', { account: '-s' }, /not a login name/],
    ['nobody', { account: '' }, /not a login name/],
    ['a variable that loads code', { variables: { LD_PRELOAD: '/x' } }, /variable "LD_PRELOAD"/],
    ['a variable of the rules’ own', { variables: { SLURM_CONF: '/tmp/x' } }, /variable "SLURM_CONF"/],
  ] as const)
    it(`is denied: ${what}`, () => {
      const decision = decide(change)
      assert.ok('denied' in decision, JSON.stringify(decision))
      assert.match(decision.denied, words)
    })

  it('control: rules that allow more, allow it', () => {
    const open = { ...rules, commands: [{ file: '/bin/sh', as: 'itself' as const }], variables: ['LD_PRELOAD'] }
    const attack = order({ file: 'sh', account: null, variables: { LD_PRELOAD: '/x' } })
    const decision = decideCommand(attack, open, 'gateway')
    assert.ok('execution' in decision)
    assert.equal(decision.execution.environment.LD_PRELOAD, '/x')
  })
})
