import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configFileProblem } from './config-file-problem.ts'

const secret = { database: 'postgres://batchway:hunter2@db.example.edu/batchway' }
const none = { database: 'postgres:///batchway?host=/run/postgresql' }

describe('configFileProblem', () => {
  for (const [what, mode, config, words] of [
    ['a file of everybody', 0o666, none, /written by everybody \(mode 666\): chmod o-w/],
    ['a password that everybody reads', 0o644, secret, /password of the database .* chmod o-r/],
    ['a password behind the question mark', 0o644, { database: 'postgres://db/x?password=y' }, /password/],
  ] as const)
    it(`refuses ${what}, and does not repeat it`, () => {
      const problem = configFileProblem('/etc/batchway/batchway.yaml', mode, config) ?? ''
      assert.match(problem, words)
      assert.doesNotMatch(problem, /hunter2/)
    })
  for (const [what, mode, config] of [
    ['a file without a secret', 0o644, none],
    ['SQLite', 0o644, { database: undefined }],
    ['a password that a group reads', 0o640, secret],
  ] as const)
    it(`takes ${what}`, () => assert.equal(configFileProblem('/x', mode, config), null))
})
