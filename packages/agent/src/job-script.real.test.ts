/** The job script in homes that cannot be written. Needs root, to mount them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { renderJobScript } from './job-script.ts'
import { sharedFolder } from './testing/agent-bench.ts'
import { shells, stageIn } from './testing/job-script-stage.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())

describe('the job script', () => {
  for (const shell of shells)
    it(`tells a full and a read-only home apart (${shell})`, () => {
      const { root, home, order, started, told } = stageIn(folder.path, `mounts-${shell}`)
      writeFileSync(join(root, 'script'), renderJobScript(order))
      const inMount = (prepare: string) =>
        spawnSync(
          'unshare',
          [
            '-m',
            'sh',
            '-c',
            `mount -t tmpfs -o size=16k t "$HOME" && ${prepare} && exec ${shell} "$1"`,
            'sh',
            join(root, 'script'),
          ],
          {
            env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, TMPDIR: root },
            encoding: 'utf8',
          },
        )
      const full = inMount('{ dd if=/dev/zero of="$HOME/x" bs=4096 2>/dev/null; true; }')
      // The stand-in for the agent tells, and ends with 42.
      assert.deepEqual(
        [full.status, /^batchway: the home directory .* is full/m.test(full.stderr)],
        [42, true],
        full.stderr,
      )
      assert.match(told() ?? '', /^\/\nhome-full the home directory .* is full: .*\n.*No space left/)
      const readOnly = inMount('mount -o remount,ro "$HOME"')
      assert.deepEqual(
        [readOnly.status, /^batchway: the home directory .* is read-only/m.test(readOnly.stderr)],
        [42, true],
        readOnly.stderr,
      )
      assert.match(told() ?? '', /^\/\nhome-read-only .*\n.*Read-only/)
      assert.equal(started(), null)
      assert.equal(inMount('true').status, 0, 'control: an empty home will do')
    })
})
