/** What counts as a restart, on a pool of the test's own: its schedd is killed. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Cluster, openCluster } from '../cluster.ts'
import type { JobId, JobStatus } from '../driver.ts'
import { until } from '../testing-until.ts'
import { sudoTransport } from '../transport.ts'
import { htcondor } from './htcondor.ts'

const testbench = resolve(import.meta.dirname, '../../../../testbench')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

describe('a job of HTCondor that may start again', () => {
  const bench = mkdtempSync('/var/tmp/batchway-htcondor-')
  const commands = join(bench, 'htcondor/bin')
  const workdir = join(bench, 'work')
  let environment: NodeJS.ProcessEnv
  let cluster: Cluster
  const script = (name: string, ...args: string[]): string =>
    execFileSync(join(testbench, name), args, { encoding: 'utf8', env: environment })
  const tool = (name: string, ...args: string[]): string =>
    execFileSync(join(commands, name), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const pidsOf = (name: string): number[] =>
    execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent, comm]) => comm === name && parents.has(Number(parent)))
      .map(([pid]) => Number(pid))
  /** Only this pool's processes are ended: the master's children, and theirs. */
  const parents = new Set<number>()

  before(async () => {
    environment = { ...process.env, BATCHWAY_BENCH: bench, HTCONDOR_PORT: String(await freePort()) }
    chmodSync(bench, 0o755)
    script('htcondor-up.sh')
    execFileSync('install', ['-d', workdir])
    chownSync(workdir, Number(execFileSync('id', ['-u', 'alice'], { encoding: 'utf8' })), 0)
    cluster = openCluster({
      key: 'own',
      driver: htcondor,
      transport: sudoTransport(),
      settings: { commandDirectory: commands },
      environment: process.env,
    })
  })
  after(() => {
    try {
      if (environment !== undefined) script('htcondor-down.sh')
    } finally {
      rmSync(bench, { recursive: true, force: true })
    }
  })

  const seen = (what: string, id: JobId, isSo: (job: JobStatus) => boolean): Promise<JobStatus> =>
    until(
      what,
      async () => {
        const { jobs } = await cluster.list().catch(() => ({ jobs: [] }))
        return jobs.find((job) => job.id === id && isSo(job))
      },
      120_000,
    )
  /** Empty while no schedd answers. */
  const attribute = (id: JobId, name: string): string => {
    try {
      return tool('condor_q', '-allusers', id, '-af', name).trim()
    } catch {
      return ''
    }
  }

  it('has not done so when a new schedd finds it again, and has when it lost its machine', async () => {
    const id = await cluster.submit({
      name: 'bw-restarts',
      account: 'alice',
      script: '#!/bin/sh\ngrep -h NumJobMatches "$_CONDOR_JOB_AD" >>starts\nexec sleep 600\n',
      resources: { cores: 1, memoryMiB: 100, gpus: 0, wallSeconds: 900 },
      workdir,
      outputPath: '/dev/null',
      requeue: true,
      options: {},
    })
    const first = await seen('it runs', id, ({ phase }) => phase === 'running')
    assert.equal(first.restarts, 0)
    await until('its script has begun', () => startsIn(workdir).length === 1, 60_000)

    parents.add(Number(readFileSync(join(bench, 'htcondor/run/master.pid'), 'utf8').trim()))
    const [schedd] = pidsOf('condor_schedd')
    assert.ok(schedd)
    parents.add(schedd)
    const killed = [schedd, ...pidsOf('condor_shadow')]
    assert.equal(killed.length, 2)
    for (const pid of killed) process.kill(pid, 'SIGKILL')
    await until('a new schedd has found it', () => attribute(id, 'NumJobReconnects') === '1', 120_000)
    const again = await seen('it runs still', id, ({ phase }) => phase === 'running')
    assert.deepEqual([again.restarts, again.startedAt], [0, first.startedAt])
    assert.equal(attribute(id, 'JobRunCount'), '2', 'control: HTCondor’s own count of runs is another')

    tool('condor_vacate_job', id)
    const second = await seen('it runs again', id, ({ phase, restarts }) => phase === 'running' && restarts === 1)
    assert.ok((second.startedAt ?? 0) > (first.startedAt ?? 0))
    // What the agent reads in the job's own record, before each start.
    await until('its script has begun again', () => startsIn(workdir).length === 2, 60_000)
    assert.deepEqual(startsIn(workdir), ['NumJobMatches = 1', 'NumJobMatches = 2'])
    assert.equal(await cluster.cancel(id, 'alice', 'bw-restarts'), true)
  })
})

function startsIn(workdir: string): string[] {
  try {
    return readFileSync(join(workdir, 'starts'), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}
