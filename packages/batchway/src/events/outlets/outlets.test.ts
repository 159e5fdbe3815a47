import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type EventLine, toEventLine } from '../event-line.ts'
import { openFile } from './file.ts'
import { openDescriptor } from './stdout.ts'
import { openLocal } from './syslog-local.ts'
import { openStream } from './syslog-stream.ts'

const folder = mkdtempSync(join(tmpdir(), 'outlets-'))
after(() => rmSync(folder, { recursive: true }))

const line = (count: number): EventLine =>
  toEventLine('routes.mended', { count }, { at: 0 }, { instance: '00', request: null })
const counts = (text: string): number[] =>
  text
    .split('\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each).count)
const never = new AbortController().signal

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !isSo(); await delay(5)) assert.ok(Date.now() < end, 'it did not become so')
}

describe('a file of events', () => {
  it('is appended to, and readable by its group alone', async () => {
    const path = join(folder, 'appended')
    const outlet = await openFile({ path, format: 'json' })(never)
    await outlet.send([line(1), line(2)])
    await outlet.send([line(3)])
    await outlet.close()
    assert.deepEqual(counts(readFileSync(path, 'utf8')), [1, 2, 3])
    assert.equal(statSync(path).mode & 0o007, 0)
  })

  it('is opened anew when it was moved away or removed: nothing is lost, and nothing told twice', async () => {
    const path = join(folder, 'rotated')
    const outlet = await openFile({ path, format: 'json' })(never)
    await outlet.send([line(1)])
    renameSync(path, `${path}.1`)
    await outlet.send([line(2)])
    rmSync(path)
    await outlet.send([line(3)])
    await outlet.close()
    assert.deepEqual(counts(readFileSync(`${path}.1`, 'utf8')), [1])
    assert.deepEqual(counts(readFileSync(path, 'utf8')), [3])
  })

  it('begins a new line where a full disk has kept a part of one', async () => {
    const path = join(folder, 'cut')
    writeFileSync(path, '{"time":"2026-')
    const outlet = await openFile({ path, format: 'json' })(never)
    await outlet.send([line(1)])
    await outlet.close()
    const [cut, whole] = readFileSync(path, 'utf8').split('\n')
    assert.equal(cut, '{"time":"2026-')
    assert.deepEqual(counts(whole ?? ''), [1])
  })

  it('is not what a link leads to, nor a pipe that nobody reads', async () => {
    const target = join(folder, 'target')
    appendFileSync(target, '')
    const link = join(folder, 'link')
    symlinkSync(target, link)
    await assert.rejects(openFile({ path: link, format: 'json' })(never), /ELOOP/)
    const pipe = join(folder, 'pipe')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    await assert.rejects(openFile({ path: pipe, format: 'json' })(never), /not a regular file/)
    await assert.rejects(openFile({ path: join(folder, 'none/there'), format: 'json' })(never), /ENOENT/)
  })
})

describe('standard output', () => {
  it('that nobody reads stops nobody: what waits is written when somebody reads again', async () => {
    const pipe = join(folder, 'stdout')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    // Both ends at once, so that opening does not wait; blocking, as a shell's pipe is.
    const both = openSync(pipe, 'r+')
    const outlet = await openDescriptor({ descriptor: both, format: 'json' })(never)
    const lines = Array.from({ length: 3_000 }, (_, index) => line(index))
    let isDone = false
    const sending = outlet.send(lines).then(() => {
      isDone = true
    })
    // More than a pipe holds: it hangs in its thread, and everything else goes on.
    await delay(1)
    const reader = spawn('head', ['-n', '3000', pipe], { stdio: ['ignore', 'pipe', 'inherit'] })
    assert.equal(isDone, false)
    let text = ''
    reader.stdout.setEncoding('utf8').on('data', (some: string) => {
      text += some
    })
    await once(reader, 'close')
    await sending
    closeSync(both)
    assert.deepEqual(
      counts(text),
      lines.map((_, index) => index),
    )
  })
})

describe('the local syslog socket', () => {
  const place = { header: 'bsd', facility: 'local0', appName: 'batchway', pid: 7 } as const

  it('needs to be a socket', async () => {
    const path = join(folder, 'no-socket')
    writeFileSync(path, '')
    const open = openLocal({ ...place, socket: path, program: '/usr/bin/logger' }, 'json', () => {})
    await assert.rejects(open(never), /is not a socket/)
  })

  it('is written by a program whose failure is told, and what it lost is counted', async () => {
    const socket = join(folder, 'some-socket')
    const server = createServer().listen(socket)
    await once(server, 'listening')
    const program = join(folder, 'logger')
    const lost: number[] = []
    const openIt = () => openLocal({ ...place, socket, program }, 'json', (count) => lost.push(count))(never)
    await assert.rejects(openIt(), /ENOENT/)
    writeFileSync(
      program,
      '#!/bin/sh\nread -r line; echo "logger: send message failed: gone" >&2; read -r line; exit 3\n',
    )
    chmodSync(program, 0o755)
    const outlet = await openIt()
    await outlet.send([line(1)])
    await until(() => lost.length > 0)
    assert.deepEqual(lost, [1])
    await outlet.send([line(2)])
    // The first one may still fit into the pipe of a program that is gone.
    await assert.rejects(async () => {
      for (const end = Date.now() + 30_000; Date.now() < end; await delay(5)) await outlet.send([line(3)])
    }, /logger ended \(3\)|EPIPE/)
    await outlet.close()
    server.close()
  })
})

describe('a stream', () => {
  it('is broken when its receiver ends it: what was not taken is told so', async () => {
    const path = join(folder, 'stream')
    const server = createServer((socket) => socket.end()).listen(path)
    await once(server, 'listening')
    const header = { facility: 'local0', appName: 'a', host: 'h', pid: 1 } as const
    const outlet = await openStream({ by: 'unix', path }, header, 'json')(never)
    await assert.rejects(async () => {
      for (const end = Date.now() + 30_000; Date.now() < end; await delay(5)) await outlet.send([line(1)])
    }, /ended|EPIPE|ECONNRESET/)
    await outlet.close()
    server.close()
    await assert.rejects(openStream({ by: 'unix', path: `${path}.none` }, header, 'json')(never), /ENOENT/)
  })
})
