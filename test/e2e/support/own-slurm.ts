/** Tests that stop the daemons of Slurm, or change its settings, run beside a Slurm of their own. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../..')
const slurm = '/var/tmp/batchway-bench/slurm'

export const isBesideOwnSlurm = process.env.TEST_PRIVATE_SLURM !== undefined

/**
 * Run a test file again beside a Slurm of its own; what it says is shown.
 * @param settings lines of its slurm.conf
 * @throws {AssertionError} with what failed and why, if it did not pass. */
export async function runBesideOwnSlurm(file: string, settings: readonly string[] = []): Promise<void> {
  const { NODE_TEST_CONTEXT: _context, ...environment } = process.env
  const own = settings.flatMap((line) => ['--set', line])
  const folder = mkdtempSync(join(tmpdir(), 'batchway-test-'))
  using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
  const told = join(folder, 'told.json')
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${join(root, 'testbench/count-reporter.mjs')}`, `--test-reporter-destination=${told}`],
  ]
  const argv = [...own, '--', process.execPath, '--conditions=source', '--test', ...reporters, file]
  const child = spawn(join(root, 'testbench/private-slurm.sh'), argv, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const [code] = await once(child, 'exit')
  process.off('exit', end)
  assert.equal(code, 0, ['the tests beside a Slurm of its own, above:', ...errorsIn(told)].join('\n'))
}

function errorsIn(file: string): string[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).errors
  } catch {
    return [] // it did not come so far
  }
}

/** The controller stays silent until disposal: what is sent to it meanwhile waits in its socket. */
export function silenceController(): Disposable {
  assert.ok(isBesideOwnSlurm, 'this is not a Slurm of our own')
  const pid = Number(readFileSync(join(slurm, 'run/slurmctld.pid'), 'utf8'))
  process.kill(pid, 'SIGSTOP')
  return { [Symbol.dispose]: () => void process.kill(pid, 'SIGCONT') }
}

/** Another line in slurm.conf until disposal. */
export function withSetting(line: string): Disposable {
  assert.ok(isBesideOwnSlurm, 'this is not a Slurm of our own')
  const change = (expression: string): void => {
    execFileSync('sed', ['-i', '--follow-symlinks', expression, '/etc/slurm/slurm.conf'])
    execFileSync('scontrol', ['reconfigure'])
  }
  change(`$a ${line}`)
  return { [Symbol.dispose]: () => change(`/^${line}$/d`) }
}
