import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type JobRequest, SchedulerError, toJobId } from '../driver.ts'
import { htcondor } from './htcondor.ts'
import { quoteArguments } from './submit-arguments.ts'

type Options = Parameters<typeof htcondor.submit>[0]['options']
const resources = { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 5_400 }
const job = (change: Partial<JobRequest<Options>> = {}): JobRequest<Options> => ({
  name: 'bw-1',
  account: 'alice',
  script: '#!/bin/sh\n# the secret\n',
  resources,
  workdir: '/home/alice',
  outputPath: '/home/alice/%j.out',
  requeue: false,
  options: {},
  ...change,
})
const settings = htcondor.settings.parse({})
/** The lines of the submit description. */
const linesOf = (change: Partial<JobRequest<Options>> = {}): string[] => {
  const { args } = htcondor.submit(job(change), settings)
  return args.filter((_, index) => args[index - 1] === '-append')
}

describe('a submit to HTCondor', () => {
  it('tells its description by arguments, and the script by standard input alone', () => {
    const { file, args, stdin, as } = htcondor.submit(job(), settings)
    assert.deepEqual([file, as, args[0], args.at(-3)], ['condor_submit', 'owner', '-terse', '/dev/null'])
    assert.deepEqual(linesOf(), [
      'universe = vanilla',
      'executable = /bin/sh',
      `arguments = "'-c' 'exec 9<""$1"" && rm -f ""$1"" && exec /bin/sh /dev/fd/9' 'sh' '/home/alice/.batchway-bw-1.sh'"`,
      'transfer_executable = False',
      'should_transfer_files = NO',
      'initialdir = /home/alice',
      'input = /dev/null',
      'output = /home/alice/$(ClusterId).$(ProcId).out',
      'error = /home/alice/$(ClusterId).$(ProcId).out',
      'notification = Never',
      'batch_name = $(BatchwayTag)',
      'My.Batchway = True',
      'My.BatchwayOnce = True',
      'request_cpus = 2',
      'request_memory = 4096',
      'allowed_job_duration = 5400',
      'requirements = ((MY.NumJobStarts ?: 0) == 0)',
      'periodic_remove = (JobStatus == 5 && !member(HoldReasonCode, {1, 15, 16})) || (JobStatus == 1 && (NumJobStarts ?: 0) > 0)',
    ])
    assert.equal(stdin, '#!/bin/sh\n# the secret\n')
    assert.ok(!args.some((arg) => arg.includes('secret')))
  })
  it('keeps the script of a job that may start again', () => {
    const lines = linesOf({ requeue: true })
    assert.ok(lines.some((line) => line.startsWith(`arguments = "'-c' 'exec /bin/sh ""$1""'`)))
    assert.ok(!lines.some((line) => line.startsWith('requirements')))
    assert.ok(lines.includes('periodic_remove = (JobStatus == 5 && !member(HoldReasonCode, {1, 15, 16}))'))
  })
  it('asks for GPUs, accounts and what a machine must have', () => {
    const lines = linesOf({
      resources: { ...resources, gpus: 2, gpuType: 'a100' },
      options: {
        accountingGroup: 'group_physics',
        project: 'dune',
        concurrencyLimits: 'licence:2,disk',
        requirements: 'HasModules || Memory > 1',
      },
    })
    for (const line of [
      'request_gpus = 2',
      'require_gpus = DeviceName == "a100"',
      'accounting_group = group_physics',
      'concurrency_limits = licence:2,disk',
      'My.ProjectName = "dune"',
      'requirements = (HasModules || Memory > 1) && ((MY.NumJobStarts ?: 0) == 0)',
    ])
      assert.ok(lines.includes(line), line)
  })
  it('goes to the schedd and the pool that the site names, as all commands do', () => {
    const site = htcondor.settings.parse({ commandDirectory: '/opt/condor/bin', schedd: 'submit2', pool: 'cm:9618' })
    const all = [
      htcondor.submit(job(), site),
      htcondor.list(site),
      htcondor.cancel(toJobId('5.0'), site),
      htcondor.history?.command([toJobId('5.0')], site),
      htcondor.historyByName?.command(['bw-1'], 0, site),
      htcondor.waits?.command(site),
    ]
    for (const one of all) {
      assert.match(one?.file ?? '', /^\/opt\/condor\/bin\/condor_(?:submit|q|rm|history)$/)
      assert.equal(one?.args.slice(0, 4).join(' '), '-name submit2 -pool cm:9618')
    }
  })
  it('refuses paths that HTCondor would read in another way', () => {
    for (const path of ['/home/$(Owner)', "/home/a'b", '/home/a"b', '/home/a\\b', '/home/x|', '/home/x '])
      for (const change of [{ workdir: path }, { outputPath: path }])
        assert.throws(() => htcondor.submit(job(change), settings), SchedulerError, path)
  })
  it('takes no option that would say more than it seems', () => {
    for (const options of [
      { accountingGroup: 'a b' },
      { project: 'x"' },
      { concurrencyLimits: 'a b' },
      { requirements: 'True\nqueue 100' },
      { requirements: '$(X)' },
      { nosuch: 'x' },
    ])
      assert.equal(htcondor.jobOptions.safeParse(options).success, false, JSON.stringify(options))
  })
})

describe('the shells that carry the script', () => {
  const inFolder = (test: (folder: string) => void) => () => {
    const folder = mkdtempSync(join(tmpdir(), 'batchway-condor-'))
    try {
      test(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  /** The words of an argument list in the new syntax, as HTCondor reads them. */
  const wordsOf = (text: string): string[] =>
    [
      ...text
        .slice(1, -1)
        .replaceAll('""', '"')
        .matchAll(/'((?:[^']|'')*)'/g),
    ].map(([, word = '']) => word.replaceAll("''", "'"))
  const queueOf = (workdir: string): string[] => {
    const { args } = htcondor.submit(job({ workdir }), settings)
    return wordsOf(/from (".*") \|$/.exec(args.at(-1) ?? '')?.[1] ?? '')
  }
  const putDown = (workdir: string, input: string | Buffer) => {
    const [file = '', ...args] = queueOf(workdir)
    return spawnSync(file, args, { input, encoding: 'utf8' })
  }
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))

  it('quote each word so that it is read again as it was', () =>
    assert.deepEqual(wordsOf(quoteArguments(["it's", '"a" b', ''])), ["it's", '"a" b', '']))
  it(
    'put it down byte by byte for the owner alone, and say the tag',
    inFolder((folder) => {
      const { stdout, status } = putDown(folder, bytes)
      assert.deepEqual([stdout, status], ['bw-1\n', 0])
      const path = join(folder, '.batchway-bw-1.sh')
      assert.deepEqual(readFileSync(path), bytes)
      assert.equal(statSync(path).mode & 0o777, 0o600)
    }),
  )
  it(
    'follow no link that somebody put there, and replace what an earlier try left',
    inFolder((folder) => {
      const other = join(folder, 'other')
      writeFileSync(other, 'mine')
      symlinkSync(other, join(folder, '.batchway-bw-1.sh'))
      assert.equal(putDown(folder, 'one').status, 0)
      assert.equal(putDown(folder, 'two').status, 0)
      assert.equal(readFileSync(other, 'utf8'), 'mine')
      assert.equal(readFileSync(join(folder, '.batchway-bw-1.sh'), 'utf8'), 'two')
    }),
  )
  it('say nothing where there is no place for it: then nothing is queued', () => {
    const { stdout, status } = putDown('/nonexistent', 'x')
    assert.deepEqual([stdout, status], ['', 1])
  })
  it(
    'run it from a file that is gone by then, with its exit code',
    inFolder((folder) => {
      putDown(folder, '#!/bin/sh\ncat "$0"\nls -A "$(dirname "$1" 2>/dev/null || pwd)" >&2\nexit 7\n')
      const line = linesOf({ workdir: folder }).find((one) => one.startsWith('arguments = '))
      const args = wordsOf(line?.slice('arguments = '.length) ?? '')
      const { status, stdout } = spawnSync('/bin/sh', args, { cwd: folder, encoding: 'utf8' })
      assert.equal(status, 7)
      assert.match(stdout, /^#!\/bin\/sh\ncat/)
      assert.equal(execFileSync('ls', ['-A', folder], { encoding: 'utf8' }), '')
    }),
  )
})
