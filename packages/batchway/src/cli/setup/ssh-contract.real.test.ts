/** What the hub builds on of a driver, on the real Slurm of the test bench behind a real sshd. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drivers, openCluster, openLoginNode, sshArguments, sshTransport } from '@batchway/schedulers'
import { driverContract } from '@batchway/schedulers/testing'
import { installForJobs } from '../agent-command.ts'
import { openTestSshd } from './testing-sshd.ts'

const canary = { name: 'BATCHWAY_CANARY', value: 'canary-77c1e0' }
const sudoRule = '/etc/sudoers.d/batchway-bench-ssh-contract'

driverContract('slurm behind ssh', async () => {
  await using undo = new AsyncDisposableStack()
  const installed = mkdtempSync('/var/tmp/batchway-ssh-contract-')
  undo.defer(() => rmSync(installed, { recursive: true, force: true }))
  chmodSync(installed, 0o755)
  const { commands, logReader } = installForJobs(installed)
  const users = ['/usr/bin/sbatch', '/usr/bin/scancel', '/usr/bin/squeue', logReader]
  const draft = join(installed, 'sudoers')
  const keep = 'Defaults:batchway env_keep += "SLURM_TIME_FORMAT SLURM_CONF"'
  writeFileSync(draft, `${keep}\nbatchway ALL=(%batchway-users) NOPASSWD: ${users.join(', ')}\n`, { mode: 0o440 })
  // A broken rule would lock sudo for the whole machine.
  execFileSync('visudo', ['-cqf', draft])
  execFileSync('install', ['-o', 'root', '-g', 'root', '-m', '440', draft, sudoRule])
  undo.defer(() => rmSync(sudoRule, { force: true }))
  const sshd = undo.use(
    await openTestSshd({
      hub: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
      commands,
      rules: [
        ...users.map((file) => `users ${file}`),
        ...['squeue', 'sacct', 'sinfo'].map((name) => `itself /usr/bin/${name}`),
        'variable SLURM_TIME_FORMAT',
        `set ${canary.name}=${canary.value}`,
        ...(process.env.SLURM_CONF === undefined ? [] : [`set SLURM_CONF=${process.env.SLURM_CONF}`]),
      ],
    }),
  )
  const { port, identityFile, knownHostsFile } = sshd
  const target = { host: '127.0.0.1', port, user: 'batchway', identityFile, knownHostsFile }
  const reach = { file: '/usr/bin/ssh', args: sshArguments(target) }
  const node = undo.use(openLoginNode({ name: 'login1', reach }))
  const driver = drivers.find(({ id }) => id === 'slurm')
  if (!driver) throw new Error('there is a driver for Slurm')
  const workdir = mkdtempSync('/tmp/batchway-ssh-contract-')
  undo.defer(() => rmSync(workdir, { recursive: true, force: true }))
  chmodSync(workdir, 0o755)
  chownSync(workdir, Number(execFileSync('id', ['-u', 'alice'], { encoding: 'utf8' })), 0)
  const kept = undo.move()
  return {
    cluster: openCluster({
      key: 'bench',
      driver,
      transport: sshTransport,
      run: node.run,
      makeHold: node.makeHold,
      jobOptions: { partition: 'batch' },
      environment: {},
      logReader: 'batchway-read-log',
    }),
    canary,
    account: 'alice',
    stranger: 'bob',
    workdir,
    readFile: (path: string) => readFile(path, 'utf8').catch(() => null),
    refused: { options: { partition: 'nosuch' }, words: /invalid partition specified: nosuch/ },
    // Longer than the partition allows: it waits for ever (EnforcePartLimits is off).
    pending: { options: { partition: 'debug' }, resources: { wallSeconds: 7_200 } },
    close: () => kept.disposeAsync(),
  }
})
