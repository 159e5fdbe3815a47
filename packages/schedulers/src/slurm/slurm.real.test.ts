/** Needs a Slurm with the accounts alice and bob and a right to act for them; `testbench/slurm-up.sh` makes one. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Cluster, openCluster } from '../cluster.ts'
import { defineDriver, type JobRequest, SchedulerError } from '../driver.ts'
import { logReaderProgram } from '../read-log.ts'
import { driverContract } from '../testing.ts'
import { until } from '../testing-until.ts'
import { sudoTransport } from '../transport.ts'
import { slurm } from './slurm.ts'

const canary = { name: 'BATCHWAY_CANARY', value: 'canary-5b0e7d' }
const environment = {
  ...process.env,
  [canary.name]: canary.value,
  SLURM_CANARY: canary.value,
  SBATCH_PARTITION: 'nosuch',
}

/** @throws {Error} that says how to get a Slurm. */
async function requireSlurm(cluster: Cluster): Promise<void> {
  try {
    assert.ok((await cluster.availability()).some(({ name, isUp }) => name === 'batch' && isUp))
  } catch (cause) {
    throw new Error('No Slurm answers here. Bring one up, as root: testbench/slurm-up.sh', { cause })
  }
}

const logReader = join(tmpdir(), 'batchway-slurm-log-reader')
const uidOf = (account: string): number => Number(execFileSync('id', ['-u', account], { encoding: 'utf8' }))

async function openBed(settings: object = {}) {
  const cluster = openCluster({
    key: 'bench',
    driver: slurm,
    transport: sudoTransport(),
    settings,
    jobOptions: { partition: 'batch' },
    environment,
    logReader,
  })
  await requireSlurm(cluster)
  await writeFile(logReader, logReaderProgram, { mode: 0o755 })
  const workdir = await mkdtemp(join(tmpdir(), 'batchway-slurm-'))
  await chmod(workdir, 0o755)
  await chown(workdir, uidOf('alice'), 0)
  return {
    cluster,
    canary,
    account: 'alice',
    stranger: 'bob',
    workdir,
    readFile: (path: string) => readFile(path, 'utf8').catch(() => null),
    refused: {
      options: { partition: 'nosuch' },
      words: /^invalid partition specified: nosuch\nInvalid partition name/,
    },
    // Longer than the partition allows: it waits for ever (EnforcePartLimits is off).
    pending: { options: { partition: 'debug' }, resources: { wallSeconds: 7_200 } },
    close: () => rm(workdir, { recursive: true, force: true }),
  }
}

driverContract('slurm with a login environment', () => openBed())
driverContract('slurm with a clean environment', () => openBed({ environment: 'clean' }))

describe('slurm', () => {
  let bed: Awaited<ReturnType<typeof openBed>>
  let isOpen = false
  before(async () => {
    bed = await openBed()
    isOpen = true
  })
  after(async () => {
    if (isOpen) await bed.close()
  })
  const request = (name: string, script: string, change: Partial<JobRequest> = {}): JobRequest => ({
    name,
    account: 'alice',
    script: `#!/bin/sh\n${script}\n`,
    resources: { cores: 1, memoryMiB: 200, gpus: 0, wallSeconds: 120 },
    workdir: bed.workdir,
    outputPath: join(bed.workdir, `${name}-%j.out`),
    requeue: false,
    options: {},
    ...change,
  })
  const ended = (cluster: Cluster, id: string) =>
    until(`job ${id} has ended`, async () =>
      (await cluster.list()).jobs.find((job) => job.id === id && job.phase === 'ended'),
    )

  it('gets the cores, memory, GPUs and walltime it asks for', async () => {
    const resources = { cores: 3, memoryMiB: 1_500, gpus: 2, gpuType: 'a100', wallSeconds: 1_801 }
    const id = await bed.cluster.submit(request('res', 'sleep 60', { resources, options: { partition: 'gpu' } }))
    const record = execFileSync('scontrol', ['show', 'job', '-o', id], { encoding: 'utf8' })
    await bed.cluster.cancel(id, 'alice')
    for (const fact of [
      /UserId=alice\(/,
      /Partition=gpu /,
      /TimeLimit=00:31:00/,
      /NumCPUs=3 /,
      /MinMemoryNode=1500M/,
      /gres[:/]gpu:a100:2/, // 22.05 prints a colon, 24.11 a slash
    ])
      assert.match(record, fact)
    assert.match(record, /Requeue=0/)
  })

  it('leaves a job alone that has another name than the one to cancel', async () => {
    const id = await bed.cluster.submit(request('mine', 'sleep 60'))
    const phase = async () => (await bed.cluster.list()).jobs.find((job) => job.id === id)
    const name = (await phase())?.name
    assert.equal(await bed.cluster.cancel(id, 'alice', `${name}x`), false)
    assert.notEqual((await phase())?.phase, 'ended')
    assert.equal(await bed.cluster.cancel(id, 'alice', name), true)
    await ended(bed.cluster, id)
  })

  it('tells a real out of memory, with the memory used', async () => {
    const hog = `exec python3 -c 'x = bytearray(900 << 20); import time; time.sleep(20)'`
    const id = await bed.cluster.submit(request('oom', hog))
    assert.equal((await ended(bed.cluster, id)).end?.kind, 'out-of-memory')
    const accounted = await until('accounting knows it', async () => (await bed.cluster.history([id])).get(id)?.end)
    assert.deepEqual([accounted.kind, typeof accounted.maxMemoryMiB], ['out-of-memory', 'number'])
  })

  it('says that a job for which no node is large enough can never run', async () => {
    const id = await bed.cluster
      .submit(request('never', 'true', { resources: { cores: 500, memoryMiB: 100, gpus: 0, wallSeconds: 60 } }))
      .catch((error: unknown) => error)
    if (id instanceof SchedulerError) return assert.match(id.message, /not available|configuration/)
    const job = await until('its reason', async () =>
      (await bed.cluster.list()).jobs.find((one) => one.id === id && one.wait === 'never'),
    )
    await bed.cluster.cancel(job.id, 'alice')
  })

  it('calls a submit to a controller that does not answer ambiguous, a question to it unavailable', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batchway-conf-'))
    const real = await readFile('/etc/slurm/slurm.conf', 'utf8')
    const changed = real
      .replace(/^SlurmctldPort=.*/m, 'SlurmctldPort=9')
      .replace(/^MessageTimeout=.*/m, 'MessageTimeout=2')
    await writeFile(join(folder, 'slurm.conf'), changed)
    const deaf = openCluster({
      key: 'deaf',
      driver: slurm,
      transport: { kind: 'self', argv: ({ file, args }) => ({ file, args }), failure: () => null },
      environment: { ...environment, SLURM_CONF: join(folder, 'slurm.conf') },
    })
    const kind = (promise: Promise<unknown>) =>
      promise.then(
        () => 'answered',
        (error: unknown) => (error instanceof SchedulerError ? error.kind : String(error)),
      )
    assert.equal(await kind(deaf.submit(request('deaf', 'true'))), 'ambiguous')
    assert.equal(await kind(deaf.list()), 'unavailable')
  })

  // Open OnDemand 3.1.7: the portal's environment in jobs.
  it('owes the job’s environment to its arguments: with sbatch’s default, sudo’s environment is in the job', async () => {
    const leaky = defineDriver({
      ...slurm,
      submit: (job, site) => {
        const command = slurm.submit(job, site)
        return { ...command, args: command.args.filter((argument) => !argument.startsWith('--export')) }
      },
    })
    const cluster = openCluster({ key: 'leaky', driver: leaky, transport: sudoTransport(), environment })
    const id = await cluster.submit(request('leak', 'env', { options: { partition: 'batch' } }))
    await ended(cluster, id)
    const output = await until('its output', () => bed.readFile(join(bed.workdir, `leak-${id}.out`)))
    assert.match(output, /^SUDO_COMMAND=/m)
  })
})
