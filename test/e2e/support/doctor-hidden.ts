/**
 * Runs beside a Slurm of its own with PrivateData=jobs (testbench/private-slurm.sh): what the doctor says, and again after each grant
 * that it printed. Writes one JSON document: name of the scene → findings.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { installAgentAndRules, openPaperSite, runDoctor, type Told } from './doctor-bed.ts'
import { until } from './until.ts'

const slurmConf = '/etc/slurm/slurm.conf'
const scenes: Record<string, readonly Told[]> = {}

installAgentAndRules()
using site = await openPaperSite('d3')
async function play(scene: string, ...args: string[]): Promise<readonly Told[]> {
  const run = await runDoctor([`--config=${site.configFile}`, '--json', '--as=alice', ...args])
  if (run.findings.length === 0) throw new Error(`${scene}: ${run.stdout}\n${run.stderr}`)
  scenes[scene] = run.findings
  return run.findings
}
const privateData = (): string => execFileSync('scontrol', ['show', 'config'], { encoding: 'utf8' })
const remedyOf = (findings: readonly Told[]): string[] =>
  (findings.find(({ check, status }) => check === 'job-visible' && status === 'problem')?.remedy ?? [])
    .filter((line) => line.startsWith('  '))
    .map((line) => line.trim())

const hidden = await play('hidden')
await play('hidden, without a job', '--no-job')
const remedy = remedyOf(hidden)
const grants = remedy.filter((line) => line.startsWith('sacctmgr '))
const setting = remedy.at(-1) ?? ''

/** To the letter, as an admin would type it. */
function type(command: string): void {
  const [file = '', ...words] = command.replaceAll('ACCOUNT', 'physics').split(' ')
  execFileSync(file, words)
}
const forget = (): void => type('sacctmgr --immediate delete user name=batchway')
type(grants[0] ?? '')
await play('operator')
forget()
for (const command of grants.slice(1)) type(command)
await play('coordinator')
forget()
await play('hidden again', '--no-job')

writeFileSync(slurmConf, readFileSync(slurmConf, 'utf8').replace(/^PrivateData=.*$/m, setting))
execFileSync('scontrol', ['reconfigure'])
await until('the new setting holds', () => /^PrivateData\s+= none$/m.test(privateData()))
await play('shown')

const daemon = Number(readFileSync('/var/tmp/batchway-bench/slurm/run/slurmdbd.pid', 'utf8'))
process.kill(daemon, 'SIGKILL')
await play('without slurmdbd')

process.stdout.write(JSON.stringify(scenes))
