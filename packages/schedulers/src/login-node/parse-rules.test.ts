import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRules } from './parse-rules.ts'

const least = 'itself /usr/bin/squeue\nholds /var/lib/x\n'

describe('the rules of a login node', () => {
  it('are read line by line', () => {
    const text = `# words\n\nusers /usr/bin/sbatch\n  users\t/opt/my slurm/scancel  \n${least}variable SLURM_TIME_FORMAT\nset SLURM_CONF=/etc/slurm=1.conf\nsudo /usr/local/bin/sudo\n`
    assert.deepEqual(parseRules(text), {
      commands: [
        { as: 'users', file: '/usr/bin/sbatch' },
        { as: 'users', file: '/opt/my slurm/scancel' },
        { as: 'itself', file: '/usr/bin/squeue' },
      ],
      variables: ['SLURM_TIME_FORMAT'],
      set: { SLURM_CONF: '/etc/slurm=1.conf' },
      holds: '/var/lib/x',
      sudo: '/usr/local/bin/sudo',
    })
    assert.equal(parseRules(least).sudo, '/usr/bin/sudo')
  })

  for (const [line, words] of [
    ['users sbatch', /line 3: after "users" comes the absolute path/],
    ['users /usr/bin/../bin/sh', /absolute path/],
    ['users /usr/bin/', /absolute path/],
    ['users', /absolute path/],
    ['user /usr/bin/sbatch', /line 3: "user" is none of users, itself/],
    ['variable LD_PRELOAD', /names no code/],
    ['variable PATH', /names no code/],
    ['variable NODE_OPTIONS', /names no code/],
    ['variable A=b', /names no code/],
    ['set =x', /NAME=VALUE/],
    ['set LD_LIBRARY_PATH=/x', /NAME=VALUE/],
    ['holds /a', /twice/],
  ] as const)
    it(`do not hold ${line}`, () => assert.throws(() => parseRules(`${least}${line}`), words))

  it('must allow something, and say where holds are; all problems are told', () => {
    assert.throws(() => parseRules('nonsense'), /line 1.*no command is allowed.*"holds" is missing/)
  })
})
