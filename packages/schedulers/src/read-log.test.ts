import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Output, SchedulerError, toJobId } from './driver.ts'
import { logBytes, logReaderProgram, readOutputFile } from './read-log.ts'

describe('the log reader', () => {
  let folder: string
  let reader: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bw-log-'))
    reader = join(folder, 'batchway-read-log')
    writeFileSync(reader, logReaderProgram, { mode: 0o755 })
    writeFileSync(join(folder, 'log'), `first\n${'x'.repeat(logBytes)}\nlast\n`)
    writeFileSync(join(folder, '-n 1 "it\'s" $(id) $HOME'), 'hostile\n')
    mkdirSync(join(folder, 'folder'))
    symlinkSync(join(folder, 'log'), join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'fifo')])
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  function read(path: string, args: readonly string[] = []): Output {
    const command = readOutputFile.command({ id: toJobId('1'), path, reader }, {})
    // A program that would wait for a pipe's other end is ended, and then has no exit code.
    const { status, stdout, stderr } = spawnSync(command.file, [...command.args, ...args], {
      encoding: 'utf8',
      input: command.stdin,
      timeout: 30_000,
    })
    return { exitCode: status ?? -1, stdout, stderr }
  }
  const parsed = (path: string) => readOutputFile.parse(read(join(folder, path)))

  it('prints the end of a file, and no more than it may', () => {
    const text = parsed('log')
    assert.equal(text?.length, logBytes)
    assert.ok(text?.endsWith('x\nlast\n'))
  })

  it('takes the path as it is', () => assert.equal(parsed('-n 1 "it\'s" $(id) $HOME'), 'hostile\n'))

  it('follows a link, for it can read what its user can read and nothing else', () =>
    assert.ok(parsed('link')?.endsWith('last\n')))

  for (const path of ['none', 'fifo', 'folder', 'none/of/it'])
    it(`reads nothing where there is no regular file: ${path}`, () => assert.equal(parsed(path), null))

  it('takes no arguments', () => assert.equal(read(join(folder, 'log'), ['/etc/passwd']).exitCode, 64))

  it('reads no path that is not absolute', () => {
    const { status, stdout } = spawnSync(reader, [], { cwd: folder, input: 'log\n', encoding: 'utf8' })
    assert.deepEqual([status, stdout], [64, ''])
  })

  it('says why a file cannot be read', () =>
    assert.throws(
      () => readOutputFile.parse({ exitCode: 1, stdout: '', stderr: 'tail: cannot open: Permission denied\n' }),
      (error) => error instanceof SchedulerError && error.kind === 'unavailable' && /Permission/.test(error.message),
    ))

  for (const path of ['relative', '/two\nlines', ''])
    it(`is not asked for ${JSON.stringify(path)}`, () =>
      assert.throws(
        () => readOutputFile.command({ id: toJobId('1'), path, reader }, {}),
        (error) => error instanceof SchedulerError && error.kind === 'refused',
      ))

  it('needs no program of ours where the hub is the owner', () =>
    assert.deepEqual(readOutputFile.command({ id: toJobId('1'), path: '/home/a/x', reader: null }, {}), {
      file: 'tail',
      args: ['-c', String(logBytes), '--', '/home/a/x'],
      as: 'owner',
    }))
})
