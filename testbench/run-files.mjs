/** Runs test files, each in a process of its own, a few at a time, with a deadline for each; shows one line per file and all of what failed. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { firstLines } from './first-lines.mjs'

const reporter = fileURLToPath(new URL('count-reporter.mjs', import.meta.url))

/**
 * A passed file is one whose tests all passed, which had at least one, skipped none, and whose process ended by itself: a process that
 * hangs on after its tests has left something open.
 * @param {{ files: readonly string[], root: string, env: NodeJS.ProcessEnv, atOnce: number, testSeconds: number, fileSeconds: number,
 *   within?: readonly string[], label?: string, say: (text: string) => void }} options  `files` are relative to `root`; `within` begins each
 *   command line; `label` ends the line of each file
 * @returns {Promise<{ passed: number, failed: number, failures: string[] }>} counts of tests; for each file that failed its name, and in the
 *   lines after it what failed and why, for a summary at the end of a long log
 */
export async function runFiles({ files, root, env, within = [], atOnce, testSeconds, fileSeconds, say, label = '' }) {
  const total = { passed: 0, failed: 0, failures: [] }
  const waiting = [...files]
  const folder = mkdtempSync(join(tmpdir(), 'batchway-test-'))
  const running = new Set()
  const endAll = () => {
    for (const pid of running) killGroup(pid)
  }
  // Whoever ends this process ends what it runs.
  const cleanUp = () => {
    endAll()
    rmSync(folder, { recursive: true, force: true })
  }
  process.on('exit', cleanUp)

  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile({ file, root, env, within, testSeconds, fileSeconds, folder, running })
      total.passed += result.passed
      total.failed += result.failed
      const time = timesOf(result, label)
      if (result.failed === 0) {
        say(`  ✓ ${file}  ${result.passed} passed, ${time}`)
        continue
      }
      total.failures.push([`${file}${result.why ? `: ${result.why}` : ''}`, ...result.errors].join('\n'))
      say(
        `  ✗ ${file}  ${result.passed} passed, ${result.failed} failed, ${time}${result.why ? `: ${result.why}` : ''}`,
      )
      say(result.output.trimEnd().replace(/^/gm, '    '))
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, files.length) }, worker))
  } finally {
    process.off('exit', cleanUp)
    cleanUp()
  }
  return total
}

/** Of a file that takes much longer than its processor time most is waiting. */
function timesOf({ ms, cpuSeconds, leftBehind }, label) {
  const cpu = cpuSeconds === null ? '' : `, cpu ${cpuSeconds.toFixed(1)} s`
  const stage = label && ` (${label})`
  const ended = leftBehind.length > 0 ? `  (left behind, now ended: ${leftBehind.join(', ')})` : ''
  return `${(ms / 1000).toFixed(1)} s${cpu}${stage}${ended}`
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}

/** Ends the processes that carry `mark` in their environment. @returns {string[]} their names */
function endLeftovers(mark) {
  const names = []
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)) continue
      names.push(`${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} ${pid}`)
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // Not ours to read, or gone.
    }
  }
  return names
}

function runFile({ file, root, env, within, testSeconds, fileSeconds, folder, running }) {
  const counts = join(folder, `${file.replaceAll('/', '+')}.json`)
  const [program, ...args] = [
    ...within,
    process.execPath,
    '--conditions=source',
    '--test',
    '--test-isolation=none',
    `--test-timeout=${testSeconds * 1000}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${counts}`,
    file,
  ]
  const startedAt = performance.now()
  const mark = `BATCHWAY_TEST_MARK=${randomUUID()}`
  const [markName, markValue] = mark.split('=')
  const child = spawn(program, args, {
    cwd: root,
    env: { ...env, [markName]: markValue },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  if (child.pid !== undefined) running.add(child.pid)
  const output = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => output.push(chunk))
  return new Promise((resolve) => {
    let isLate = false
    let isDone = false
    const deadline = setTimeout(() => {
      isLate = true
      if (child.pid !== undefined) killGroup(child.pid)
    }, fileSeconds * 1000)
    const finish = (exitCode, signal, error) => {
      if (isDone) return
      isDone = true
      clearTimeout(deadline)
      if (child.pid !== undefined) killGroup(child.pid)
      running.delete(child.pid)
      // A daemon that outlives the tests would hold our end of the pipes, and so this process, for ever.
      child.stdout.destroy()
      child.stderr.destroy()
      const leftBehind = endLeftovers(mark)
      const { passed, failed, skipped, errors, cpuSeconds } = readCounts(counts)
      let why = ''
      if (error) why = error.message
      else if (isLate) why = `not finished after ${fileSeconds} s (a test hangs, or something was left open)`
      else if (signal) why = `killed by ${signal}`
      else if (skipped > 0) why = `${skipped} skipped, which counts as failed`
      else if (passed + failed === 0) why = 'no test ran'
      else if (exitCode !== 0 && failed === 0) why = `exit status ${exitCode}`
      const all = failed + skipped
      const text = Buffer.concat(output).toString('utf8')
      resolve({
        passed,
        failed: why === '' ? all : Math.max(1, all),
        why,
        // Who was killed, or broke before the first test, reported nothing.
        errors: errors.length > 0 ? shortened(errors) : [lastLines(text)],
        leftBehind,
        cpuSeconds,
        ms: performance.now() - startedAt,
        output: text,
      })
    }
    child.once('error', (error) => finish(null, null, error))
    child.once('exit', (exitCode, signal) => {
      // The pipes close with the last process that holds them; a daemon that does not let go must not hold us up.
      const patience = setTimeout(() => finish(exitCode, signal), 1000)
      child.once('close', () => {
        clearTimeout(patience)
        finish(exitCode, signal)
      })
    })
  })
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { passed: 0, failed: 0, skipped: 0, errors: [], cpuSeconds: null }
  }
}

/** A test that breaks its site fails all that follow: the first ones tell. */
const shortened = (errors, most = 5) =>
  errors.length <= most ? errors : [...errors.slice(0, most), `… ${errors.length - most} more failures, above`]

const lastLines = (text, most = 40) => firstLines(text.trimEnd().split('\n').slice(-most).join('\n'), most)
