/**
 * The contract of a driver, as tests: call `driverContract` in a test file of your own, against your real scheduler. Every title is
 * a promise that the hub builds on.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from './cluster.ts'
import { type JobEnd, type JobId, type JobRequest, type JobStatus, type Resources, SchedulerError } from './driver.ts'
import { until as waitUntil } from './testing-until.ts'

/** What the suite needs of one scheduler. */
export interface ContractBed {
  /** Opened with an environment that holds the variable `canary`, which no job may see. */
  readonly cluster: Cluster
  readonly canary: { readonly name: string; readonly value: string }
  /** Who submits. */
  readonly account: string
  /** Another account of the scheduler, if the cluster can act for it: it must not be able to cancel the first one's jobs. */
  readonly stranger?: string
  /** Absolute folder in which the account may write, on every node. */
  readonly workdir: string
  /** Reads a file that a job wrote; null if it is not there. */
  readFile(path: string): Promise<string | null>
  /** What the scheduler itself refuses, and what it says then. */
  readonly refused: { readonly options?: unknown; readonly resources?: Partial<Resources>; readonly words: RegExp }
  /** Options of every job, such as a queue that starts jobs at once. */
  readonly options?: unknown
  /** For a job that stays pending: a closed queue, or more resources than are free. */
  readonly pending: { readonly options?: unknown; readonly resources?: Partial<Resources> }
  /** How long to wait for a thing to happen; 90 s by default. */
  readonly patienceMs?: number
  close(): Promise<void>
}

/** Bytes that a shell, a template or a line-based reader would change. Legal in a script all the same. */
const hostileText = [
  `'single' "double" \`id\` $(id) \${HOME} $HOME $$ \\ \\\\ \\n %j %s {{x}} <b>&amp;</b> !! ~ * ? [a] #SBATCH --hold`,
  '\ttab, trailing blanks   ',
  'äöü ß € \u{1f600} \u202e',
  '#SBATCH --partition=nosuch',
  '#PBS -q nosuch',
].join('\n')

const modest: Resources = { cores: 1, memoryMiB: 200, gpus: 0, wallSeconds: 300 }

/** @param open called once, before the first test; its bed is closed after the last. */
export function driverContract(name: string, open: () => Promise<ContractBed>): void {
  describe(`driver contract: ${name}`, () => {
    let bed: ContractBed
    let isOpen = false
    const tag = `t${randomBytes(4).toString('hex')}`
    let count = 0
    const started = new Set<JobId>()
    before(async () => {
      bed = await open()
      isOpen = true
    })
    after(async () => {
      if (!isOpen) return // `before` has said why
      for (const id of started) await bed.cluster.cancel(id, bed.account).catch(() => {})
      await bed.close()
    })

    const request = (script: string, change: Partial<JobRequest> = {}): JobRequest => {
      count += 1
      const jobName = `${tag}-${count}`
      return {
        name: jobName,
        account: bed.account,
        script: `#!/bin/sh\n${script}\n`,
        resources: modest,
        workdir: bed.workdir,
        outputPath: join(bed.workdir, `${jobName}.out`),
        requeue: false,
        options: bed.options ?? {},
        ...change,
      }
    }
    const submit = async (job: JobRequest): Promise<JobId> => {
      const id = await bed.cluster.submit(job)
      started.add(id)
      return id
    }
    const until = <T>(what: string, look: () => Promise<T | null | undefined>): Promise<T> =>
      waitUntil(what, look, bed.patienceMs)
    const inPhase = (id: JobId, ...phases: readonly JobStatus['phase'][]): Promise<JobStatus> =>
      until(`job ${id} is ${phases.join(' or ')}`, async () => {
        const { jobs } = await bed.cluster.list()
        return jobs.find((job) => job.id === id && phases.includes(job.phase))
      })
    /** How a job ended, by the list or by accounting, as the hub would find out. */
    const endOf = (id: JobId): Promise<JobEnd> =>
      until(`job ${id} has ended`, async () => {
        const listed = (await bed.cluster.list()).jobs.find((job) => job.id === id)
        if (listed !== undefined && listed.phase !== 'ended') return null
        return listed?.end ?? (await bed.cluster.history([id])).get(id)?.end
      })
    const outputOf = (job: JobRequest, id: JobId): Promise<string> =>
      until(`the output of job ${id}`, () => bed.readFile(job.outputPath.replaceAll('%j', id)))

    it('lists a job by its id, with its name as given and its owner', async () => {
      const job = request('sleep 120')
      const id = await submit(job)
      const status = await inPhase(id, 'pending', 'running')
      assert.equal(status.name, job.name)
      assert.ok(status.owner === undefined || status.owner === bed.account)
      await bed.cluster.cancel(id, bed.account)
    })

    it('takes a job from running, with its node, to its end, with its exit code', async () => {
      const go = join(bed.workdir, `${tag}-go`)
      const job = request(`until [ -e ${go} ]; do sleep 0.2; done; exit 7`)
      const id = await submit(job)
      const running = await inPhase(id, 'running')
      assert.ok(running.host, 'a running job has a node')
      assert.equal(running.restarts, 0)

      await endOf(await submit(request(`: > ${go}`)))

      const end = await endOf(id)
      assert.deepEqual([end.kind, end.exitCode], ['failed', 7])
      assert.equal((await endOf(await submit(request('true')))).kind, 'completed')
    })

    it('tells how a job ended by its name, where the scheduler keeps accounts', async () => {
      const job = request('exit 3')
      const sinceMs = Date.now() - 3_600_000
      const id = await submit(job)
      await endOf(id)
      if (bed.cluster.driver.historyByName === undefined) return
      const found = await until(`job ${id} in the accounts`, async () =>
        (await bed.cluster.historyByName([job.name], sinceMs)).find((one) => one.id === id),
      )
      assert.deepEqual([found.name, found.end?.kind], [job.name, 'failed'])
    })

    it('tells the name and the owner of what it tells the end of by its id', async () => {
      if (bed.cluster.driver.history === undefined) return
      const job = request('true')
      const id = await submit(job)
      // For a moment slurmdbd has the end of a short job and not its name: "allocation" (22.05).
      const found = await until(`job ${id} in the accounts by its name`, async () => {
        const status = (await bed.cluster.history([id])).get(id)
        return status?.phase === 'ended' && status.name === job.name ? status : null
      })
      assert.ok(found.owner === undefined || found.owner === bed.account)
    })

    it('leaves a job of another name than the one to cancel alone', async () => {
      const id = await submit(request('sleep 120'))
      await inPhase(id, 'pending', 'running')
      assert.equal(await bed.cluster.cancel(id, bed.account, 'other'), false)
      await inPhase(id, 'pending', 'running')
      assert.equal(await bed.cluster.cancel(id, bed.account), true)
      assert.equal((await endOf(id)).kind, 'cancelled')
    })

    it('runs the script byte by byte as it was given', async () => {
      const script = `cat "$0"\nexit 0\n${hostileText}`
      const job = request(script)
      const id = await submit(job)
      await endOf(id)
      const output = await outputOf(job, id)
      if (bed.cluster.driver.wrapsScript) assert.ok(output.endsWith(job.script))
      else assert.equal(output, job.script)
    })

    it('runs a job in its working directory, or in the home, and as its account', async () => {
      const job = request('pwd; echo "$HOME"; id -un')
      const id = await submit(job)
      await endOf(id)
      const [folder, home, account] = (await outputOf(job, id)).split('\n')
      assert.equal(folder, bed.cluster.driver.jobsStartIn === 'home' ? home : bed.workdir)
      assert.equal(account, bed.account)
    })

    it('puts the job id into the path of the output, or refuses to', async () => {
      const job = request('echo here')
      const numbered = { ...job, outputPath: join(bed.workdir, `${job.name}-100%-%j.out`) }
      if (bed.cluster.driver.outputIgnoresId) {
        await assert.rejects(submit(numbered), (error) => error instanceof SchedulerError && error.kind === 'refused')
        return
      }
      const id = await submit(numbered)
      await endOf(id)
      assert.equal(await bed.readFile(join(bed.workdir, `${job.name}-100%-${id}.out`)), 'here\n')
    })

    it('reads the last part of a job’s output as its owner, and says when there is none', async () => {
      if (bed.cluster.driver.readLog === undefined) return
      const job = request(
        'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "$i ------------------------------"; done; exit 1',
      )
      const id = await submit(job)
      await endOf(id)
      await outputOf(job, id)
      const log = await until('all of the log', async () => {
        const text = await bed.cluster.readLog(id, job.outputPath, bed.account)
        return text?.includes('\n3000 -') ? text : null
      })
      assert.ok(Buffer.byteLength(log) <= 70_000, `${log.length} characters of a long output`)
      assert.equal(await bed.cluster.readLog(id, join(bed.workdir, 'none.out'), bed.account), null)
    })

    it('lets nothing of the submitter’s environment into the job', async () => {
      const job = request('env; tr "\\0" "\\n" < /proc/$$/environ')
      const id = await submit(job)
      await endOf(id)
      const environment = await outputOf(job, id)
      assert.match(environment, /^PWD=/m) // the positive control: this is an environment
      assert.equal(environment.includes(bed.canary.value), false, `${bed.canary.name} reached the job`)
      assert.doesNotMatch(environment, /^(?:SUDO_\w*|SLURM_TIME_FORMAT|SLURM_EXPORT_ENV)=/m)
    })

    it('cancels a running job, which then has ended as cancelled', async () => {
      const id = await submit(request('sleep 120'))
      await inPhase(id, 'running')
      assert.equal(await bed.cluster.cancel(id, bed.account), true)
      assert.equal((await endOf(id)).kind, 'cancelled')
    })

    it('cancels a pending job, and may be told so again', async () => {
      const { options = bed.options ?? {} } = bed.pending
      const resources = { ...modest, ...bed.pending.resources }
      const id = await submit(request('sleep 120', { options, resources }))
      const waiting = await inPhase(id, 'pending', 'held')
      assert.equal(waiting.host, undefined)
      assert.ok(waiting.wait)

      assert.equal(await bed.cluster.cancel(id, bed.account), true)

      if (bed.cluster.driver.forgetsUnstarted) {
        const { complete, jobs } = await bed.cluster.list()
        assert.deepEqual([complete, jobs.some((job) => job.id === id)], [true, false])
        assert.equal((await bed.cluster.history([id])).has(id), false)
      } else assert.equal((await endOf(id)).kind, 'cancelled')
      assert.equal(await bed.cluster.cancel(id, bed.account), false)
    })

    it('does not let another account cancel a job', async () => {
      const { stranger } = bed
      if (stranger === undefined) return
      const id = await submit(request('sleep 120'))
      await inPhase(id, 'running')
      await assert.rejects(
        bed.cluster.cancel(id, stranger),
        (error) => error instanceof SchedulerError && error.kind === 'refused',
      )
      assert.equal((await inPhase(id, 'running', 'ended')).phase, 'running')
      assert.equal(await bed.cluster.cancel(id, bed.account), true) // the positive control: its owner can
    })

    it('passes on why the scheduler refuses a job', async () => {
      const { options = bed.options ?? {}, resources, words } = bed.refused
      await assert.rejects(
        submit(request('true', { options, resources: { ...modest, ...resources } })),
        (error) => error instanceof SchedulerError && error.kind === 'refused' && words.test(error.message),
      )
    })

    it('gives ten jobs that are submitted at once ten ids, each under its own name', async () => {
      const jobs = Array.from({ length: 10 }, () => request('sleep 60'))
      const ids = await Promise.all(jobs.map(submit))
      assert.equal(new Set(ids).size, 10)
      const listed = (await bed.cluster.list()).jobs
      assert.deepEqual(
        ids.map((id) => listed.find((job) => job.id === id)?.name),
        jobs.map((job) => job.name),
      )
      await Promise.all(ids.map((id) => bed.cluster.cancel(id, bed.account)))
    })
  })
}
