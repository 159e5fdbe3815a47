import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { processStart } from '@batchway/schedulers'
import { adoptProcess } from './adopt-process.ts'
import { endOrphans, findOrphans, isSameProgram, starterMark } from './start/orphans.ts'
import { supervise } from './supervise.ts'

/** Says that it listens, as hub and proxy do, and leaves its pid. */
const program = `
import { writeFileSync } from 'node:fs'
writeFileSync(process.argv[2], String(process.pid))
console.log(JSON.stringify({ msg: 'listening', pid: process.pid }))
setInterval(() => {}, 1000)
`

function openPlace() {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-adopt-'))
  const [file, pidFile] = [join(folder, 'part.mjs'), join(folder, 'pid')]
  writeFileSync(file, program)
  const argv = [file, pidFile, '--control=x']
  return {
    folder,
    argv,
    pid: () => Number(readFileSync(pidFile, 'utf8')),
    /** As a killed start left it. */
    async leave() {
      const env = { ...process.env, [starterMark]: folder }
      const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'], env })
      await once(child.stdout, 'data')
      return child
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function until(check: () => boolean): Promise<void> {
  for (let waited = 0; !check(); waited += 20) {
    assert.ok(waited < 60_000, 'waited in vain')
    await delay(20)
  }
}

describe('what a killed start left', () => {
  it('is kept as it is, started again when it ends, and stopped with the rest', async () => {
    using place = openPlace()
    const left = await place.leave()
    const [orphan, ...others] = findOrphans(place.folder)
    assert.deepEqual([orphan?.pid, others.length], [left.pid, 0])
    const part = { name: 'proxy', argv: place.argv, running: orphan }

    const supervisor = supervise([part], place.folder, join(place.folder, 'log'), () => {})
    await supervisor.ready
    assert.equal(supervisor.pidOf('proxy'), left.pid)
    assert.equal(place.pid(), left.pid, 'nothing was started beside it')

    left.kill('SIGKILL')
    // 0: the file is there, and not yet written.
    await until(() => place.pid() !== left.pid && place.pid() !== 0)
    const next = place.pid()
    assert.ok(processStart(next))
    await supervisor.stop()
    assert.equal(processStart(next), null)
  })

  it('is stopped by the start that adopted it', async () => {
    using place = openPlace()
    const left = await place.leave()
    const ended = once(left, 'exit')
    const supervisor = supervise(
      [{ name: 'proxy', argv: place.argv, running: findOrphans(place.folder)[0] }],
      place.folder,
      join(place.folder, 'log'),
      () => {},
    )
    await supervisor.ready
    await supervisor.stop()
    assert.deepEqual(await ended, [null, 'SIGTERM'])
  })

  it('is ended if it is not what would be started now, the spared one excepted', async () => {
    using place = openPlace()
    const left = await place.leave()
    const [orphan] = findOrphans(place.folder)
    assert.ok(orphan)
    assert.equal(isSameProgram(orphan, place.argv), true)
    assert.equal(isSameProgram(orphan, [...place.argv.slice(0, 2), '--control=y']), false)

    assert.equal(await endOrphans(place.folder, orphan), 0)
    assert.ok(processStart(orphan.pid))
    const ended = once(left, 'exit')
    assert.equal(await endOrphans(place.folder), 1)
    await ended
  })

  it('gets no signal when its pid means somebody else by now', async () => {
    using place = openPlace()
    const left = await place.leave()
    const stranger = adoptProcess({ pid: left.pid ?? 0, start: 'another boot/1' })
    stranger.kill('SIGKILL')
    assert.equal(await stranger.ended, null)
    assert.ok(processStart(left.pid ?? 0))
    const ended = once(left, 'exit')
    left.kill('SIGKILL')
    await ended
  })
})
