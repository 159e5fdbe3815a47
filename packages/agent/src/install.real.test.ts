/** An installed folder in the hands of another user. Needs root, to become him. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { account, installForTests, sharedFolder } from './testing/agent-bench.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())

it('gives a folder that another user can run', () => {
  const { dir, node } = installForTests(folder.path)
  const { uid, gid } = account('alice')
  const run = () =>
    spawnSync(node, [join(dir, 'dist/bin.js')], { uid, gid, input: 'no ticket', env: {}, cwd: '/', encoding: 'utf8' })
  const { status, stderr } = run()
  assert.deepEqual([status, /error=ticket-invalid/.test(stderr)], [73, true], stderr)

  chmodSync(dir, 0o700)
  assert.notEqual(run().status, 73, 'control: he cannot when the folder is closed to him')
})
