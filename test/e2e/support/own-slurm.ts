/** Tests that stop the daemons of Slurm, or change its settings, run beside a Slurm of their own. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../..')
const slurm = '/var/tmp/batchway-bench/slurm'

export const isBesideOwnSlurm = process.env.TEST_PRIVATE_SLURM !== undefined

/**
 * Run a test file again beside a Slurm of its own; what it says is shown.
 * @param settings lines of its slurm.conf
 * @throws {AssertionError} if it did not pass. */
export async function runBesideOwnSlurm(file: string, settings: readonly string[] = []): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const own = settings.flatMap((line) => ['--set', line])
  const argv = [...own, '--', process.execPath, '--conditions=source', '--test', '--test-reporter=spec', file]
  const child = spawn(join(root, 'testbench/private-slurm.sh'), argv, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const [code] = await once(child, 'exit')
  process.off('exit', end)
  assert.equal(code, 0, 'the tests beside a Slurm of its own, above')
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
