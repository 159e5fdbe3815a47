/** Reading a log by sudo, as the unprivileged user of a hub: the rule opens this one door, and the kernel guards what is behind. Needs root. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openCluster } from './cluster.ts'
import { defineDriver, SchedulerError, toJobId } from './driver.ts'
import { logReaderProgram } from './read-log.ts'
import { slurm } from './slurm/slurm.ts'
import { sudoTransport } from './transport.ts'

const sudoers = '/etc/sudoers.d/batchway-test-log'
const asHub = ['setpriv', '--reuid=batchway', '--regid=batchway', '--init-groups', '--']

describe('reading a log by sudo', () => {
  let folder: string
  let reader: string
  const asAlice = (text: string): void =>
    void execFileSync('setpriv', ['--reuid=alice', '--regid=alice', '--init-groups', '--', '/bin/sh', '-c', text])
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bw-log-'))
    chmodSync(folder, 0o755)
    reader = join(folder, 'batchway-read-log')
    writeFileSync(reader, logReaderProgram, { mode: 0o755 })
    writeFileSync(`${folder}/rule`, `batchway ALL=(alice) NOPASSWD: ${reader} ""\n`, { mode: 0o440 })
    execFileSync('visudo', ['-cqf', `${folder}/rule`])
    execFileSync('install', ['-m', '440', `${folder}/rule`, sudoers])
    execFileSync('install', ['-d', '-o', 'alice', '-m', '700', join(folder, 'alice')])
    asAlice(`echo hers > ${folder}/alice/log`)
    writeFileSync(join(folder, 'roots'), 'the secret of root\n', { mode: 0o600 })
    symlinkSync(join(folder, 'roots'), join(folder, 'alice/trick'))
  })
  after(() => {
    rmSync(sudoers, { force: true })
    rmSync(folder, { recursive: true, force: true })
  })

  /** The real command line, with the hub's account before it. */
  function readAs(account: string, path: string): Promise<string | null> {
    const { argv, ...rest } = sudoTransport()
    const cluster = openCluster({
      key: 'bench',
      driver: defineDriver(slurm),
      transport: {
        ...rest,
        argv(command, owner) {
          const { file, args } = argv(command, owner)
          const [first = '', ...words] = [...asHub, file, ...args]
          return { file: first, args: words }
        },
      },
      environment: { PATH: '/usr/bin:/bin' },
      logReader: reader,
    })
    return cluster.readLog(toJobId('1'), path, account)
  }
  const isUnavailable = (words: RegExp) => (error: unknown) =>
    error instanceof SchedulerError && error.kind === 'unavailable' && words.test(error.message)

  it('reads a file that only its owner can read', async () =>
    assert.equal(await readAs('alice', join(folder, 'alice/log')), 'hers\n'))

  it('does not read a file of root through a link that its owner made', async () => {
    assert.match(execFileSync('cat', [join(folder, 'alice/trick')], { encoding: 'utf8' }), /secret of root/) // as root it would
    await assert.rejects(readAs('alice', join(folder, 'alice/trick')), isUnavailable(/Permission denied/))
  })

  it('reads for nobody whom the rule does not name', () =>
    assert.rejects(readAs('bob', join(folder, 'alice/log')), isUnavailable(/sudo did not run/)))

  it('is not run with arguments, nor is another program', () => {
    for (const words of [
      [reader, '/etc/passwd'],
      ['/usr/bin/tail', '-c', '10', join(folder, 'alice/log')],
    ]) {
      const [first = '', ...rest] = [...asHub, 'sudo', '-n', '-u', 'alice', '--', ...words]
      const { status, stderr } = spawnSync(first, rest, { encoding: 'utf8' })
      assert.equal(status, 1)
      assert.match(stderr, /password is required|not allowed/)
    }
  })
})
