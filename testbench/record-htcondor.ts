/**
 * Records what a real HTCondor says to the driver's own commands, into packages/schedulers/src/htcondor/testdata: as root, with
 * `node --conditions=source testbench/record-htcondor.ts`. The pool is one of its own, in a folder that goes with it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, drivers, type JobRequest, toJobId } from '@batchway/schedulers'

const here = import.meta.dirname
const target = join(here, '../packages/schedulers/src/htcondor/testdata')
const bench = mkdtempSync('/var/tmp/batchway-record-')
const port = '17849'
const env = { ...process.env, BATCHWAY_BENCH: bench, HTCONDOR_PORT: port }
const script = (name: string): string => execFileSync(join(here, name), { encoding: 'utf8', env })
const driver = drivers.find(({ id }) => id === 'htcondor')
if (driver === undefined) throw new Error('there is no driver htcondor')
const settings = driver.settings.parse({ commandDirectory: join(bench, 'htcondor/bin') })
const workdir = join(bench, 'work')
const uid = Number(execFileSync('id', ['-u', 'alice'], { encoding: 'utf8' }))

function run({ file, args, stdin = '' }: Command, account: string): { exit: number | null; out: string; err: string } {
  const argv = account === 'root' ? args : ['-n', '-u', account, '--', file, ...args]
  const options = { encoding: 'utf8', input: stdin, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } } as const
  const { status, stdout, stderr } = spawnSync(account === 'root' ? file : 'sudo', argv, options)
  return { exit: status, out: stdout, err: stderr }
}

function record(name: string, command: Command, account = 'root'): string {
  const { exit, out, err } = run(command, account)
  writeFileSync(join(target, `${name}.txt`), `# exit: ${exit}\n# --- stdout\n${out}# --- stderr\n${err}`)
  console.log(`${name}: exit ${exit}, ${out.length} + ${err.length} bytes`)
  return out
}

const request = (name: string, body: string, change: Partial<JobRequest> = {}): JobRequest => ({
  name,
  account: 'alice',
  script: `#!/bin/sh\n${body}\n`,
  resources: { cores: 1, memoryMiB: 200, gpus: 0, wallSeconds: 600 },
  workdir,
  outputPath: '/dev/null',
  requeue: false,
  options: {},
  ...change,
})
const submitted = (job: JobRequest): string => {
  const { out, err } = run(driver.submit(job, settings), 'alice')
  const [, id] = /^(\d+\.\d+) - /m.exec(out) ?? []
  if (id === undefined) throw new Error(`not submitted: ${err}`)
  return id
}
const tool = (name: string, ...args: string[]): Command => ({
  file: join(bench, 'htcondor/bin', name),
  args,
  as: 'owner',
})
async function until(what: string, look: () => boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !look(); await sleep(200))
    if (Date.now() > end) throw new Error(`gave up waiting: ${what}`)
}
const status = (id: string): string => run(tool('condor_q', '-allusers', id, '-af', 'JobStatus'), 'root').out.trim()
const isGone = (id: string) => () => status(id) === ''
const is = (id: string, state: string) => () => status(id) === state

try {
  console.log(script('htcondor-up.sh'))
  mkdirSync(workdir)
  chmodSync(bench, 0o755)
  chownSync(workdir, uid, 0)
  mkdirSync(target, { recursive: true })

  record('condor_q-empty', driver.list(settings))
  record('submit-ok', driver.submit(request('bw-ok', 'exit 0'), settings), 'alice')
  const three = submitted(request('bw-three', 'exit 3'))
  const killed = submitted(request('bw-killed', 'kill -9 $$'))
  const hungry = submitted(
    request('bw-hungry', `exec python3 -c 'x = bytearray(700 << 20); import time; time.sleep(300)'`),
  )
  const late = submitted(
    request('bw-late', 'sleep 300', { resources: { cores: 1, memoryMiB: 200, gpus: 0, wallSeconds: 4 } }),
  )
  const vacated = submitted(request('bw-vacated', 'sleep 300'))
  const removed = submitted(request('bw-removed', 'sleep 300'))
  await until('they run', () => [vacated, removed].every((id) => is(id, '2')()))
  run(tool('condor_vacate_job', vacated), 'root')
  record('rm-ok', driver.cancel(toJobId(removed), settings), 'alice')
  const ended = [three, killed, hungry, late, vacated, removed]
  await until('they have ended', () => ended.every((id) => isGone(id)()))

  const unmatched = submitted(
    request('bw-big', 'true', { resources: { cores: 64, memoryMiB: 2_000, gpus: 2, wallSeconds: 600 } }),
  )
  const running = submitted(request('bw-running', 'sleep 300'))
  const held = submitted(request('bw-held', 'sleep 300'))
  const suspended = submitted(request('bw-suspended', 'sleep 300'))
  const closed = run(
    { ...driver.submit(request('bw-closed', 'true', { outputPath: '/nonexistent/x' }), settings) },
    'alice',
  )
  const stubborn = submitted(request('bw-stubborn', `trap '' TERM; while :; do sleep 1; done`))
  const again = submitted(request('bw-again', 'sleep 300', { requeue: true }))
  const live = [running, held, suspended, stubborn, again]
  await until('they run', () => live.every((id) => is(id, '2')()))
  run(tool('condor_hold', held), 'alice')
  run(tool('condor_suspend', suspended), 'root')
  run(tool('condor_vacate_job', again), 'root')
  await until('it is suspended', is(suspended, '7'))
  await until('its machine is gone', () => status(again) === '2' && /^[2-9]/.test(matches(again)))
  await until('the pool has looked', () => /no match/.test(rejection(unmatched)))
  run(driver.cancel(toJobId(stubborn), settings), 'alice')
  record('condor_q-all', driver.list(settings))
  if (closed.exit !== 0) throw new Error(closed.err)
  if (driver.waits) record('condor_q-unmatchable', driver.waits.command(settings))
  if (driver.history) record('history-ended', driver.history.command([...ended, '999.0'].map(toJobId), settings))
  if (driver.history) record('history-unknown', driver.history.command([toJobId('999.0')], settings))
  if (driver.historyByName)
    record('history-by-name', driver.historyByName.command(['bw-three', 'bw-late'], 0, settings))
  record('rm-unknown', driver.cancel(toJobId('999.0'), settings), 'alice')
  record('rm-other-user', driver.cancel(toJobId(running), settings), 'bob')
  record('rm-again', driver.cancel(toJobId(stubborn), settings), 'alice')
  const tooBig = { cores: 1, memoryMiB: 999_999, gpus: 0, wallSeconds: 60 }
  record('submit-refused', driver.submit(request('bw-refused', 'true', { resources: tooBig }), settings), 'alice')
  const odd = { options: { requirements: 'Memory >' } }
  record('submit-bad-requirements', driver.submit(request('bw-odd', 'true', odd), settings), 'alice')
  record('submit-no-folder', driver.submit(request('bw-none', 'true', { workdir: '/nonexistent' }), settings), 'alice')
  record('submit-not-writable', driver.submit(request('bw-no', 'true', { workdir: '/' }), settings), 'alice')
  const strange = { ...request('bw-quote', 'true'), workdir: `${workdir}/a b` }
  mkdirSync(strange.workdir)
  chownSync(strange.workdir, uid, 0)
  record('submit-blank', driver.submit(strange, settings), 'alice')

  run(tool('condor_rm', '-all'), 'root')
  process.kill(Number(readFileSync(join(bench, 'htcondor/run/master.pid'), 'utf8').trim()))
  await until('no schedd answers', () => run(driver.list(settings), 'root').exit !== 0)
  record('condor_q-down', driver.list(settings))
  record('submit-down', driver.submit(request('bw-down', 'true'), settings), 'alice')
  record('rm-down', driver.cancel(toJobId(running), settings), 'alice')
} finally {
  script('htcondor-down.sh')
  rmSync(bench, { recursive: true, force: true })
}

function matches(id: string): string {
  return run(tool('condor_q', '-allusers', id, '-af', 'NumJobMatches'), 'root').out.trim()
}
function rejection(id: string): string {
  return run(tool('condor_q', '-allusers', id, '-af', 'LastRejMatchReason'), 'root').out.trim()
}
