/**
 * Slurm on paper: its commands, without its daemons and without jobs. What is submitted runs at once; its ticket goes to where the fleet
 * (`agent-fleet.ts`) takes tickets from. For what thousands of sessions cost the hub, on a machine that could not hold as many jobs.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CountedCommands, readCalls } from './sleepers.ts'

/** A job is a file with its row of the list. Its number is that of the shell, or the next that is free a few millions on: the kernel begins anew. */
const commands = ({ jobs, taken, spool, calls }: Places): Readonly<Record<string, string>> => ({
  sbatch: `umask 022
for word; do case $word in --job-name=*) name=\${word#*=} ;; esac; done
ticket=$(sed -n '/^{"/{p;q;}')
now=$(date +%s)
id=$$
until mkdir "${taken}/$id" 2>/dev/null; do id=$((id + 4194304)); done
{ echo "$id 0 n1 1"; echo "$ticket"; } >"${spool}/.$id"
printf '%s\\037' "$id" R "$(id -un)" many n1 0 "$now" "$now" "$((now + 14400))" 0 None "$(printf %-16s "$name")" >"${jobs}/.$id"
echo >>"${jobs}/.$id"
mv "${jobs}/.$id" "${jobs}/$id"
mv "${spool}/.$id" "${spool}/$id.ticket"
echo $id
`,
  squeue: `date +%s%3N >>"${calls}"
cd "${jobs}" && ls | xargs -r cat
`,
  scancel: `for id; do :; done
rm -f "${jobs}/$id"
`,
  sacct: ':\n',
  sinfo: ':\n',
  scontrol: ':\n',
})

interface Places {
  readonly jobs: string
  /** A folder for each number that was given to a job. */
  readonly taken: string
  readonly spool: string
  readonly calls: string
}

/** Columns of the row, by their place in it. */
const column = { state: 1, exitCode: 9, reason: 10 } as const

/** @param spool folder of the tickets, which everybody may write to. */
export function openPaperSlurm(spool: string): CountedCommands {
  const folder = mkdtempSync('/var/tmp/batchway-paper-')
  chmodSync(folder, 0o755)
  const [jobs, taken, log] = [join(folder, 'jobs'), join(folder, 'taken'), join(folder, 'log')]
  for (const each of [jobs, taken, log]) {
    mkdirSync(each)
    chmodSync(each, 0o1777)
  }
  const calls = join(log, 'squeue')
  for (const [name, text] of Object.entries(commands({ jobs, taken, spool, calls })))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}`, { mode: 0o755 })
  // A name with a dot would not be read.
  const rule = `/etc/sudoers.d/batchway-paper-${process.pid}`
  const allowed = ['sbatch', 'scancel'].map((name) => join(folder, name)).join(', ')
  writeFileSync(rule, `batchway ALL = (alice) NOPASSWD: ${allowed}\n`, { mode: 0o440 })
  /** Whole at once: the list is read meanwhile. */
  function change(jobId: string, values: Partial<Record<keyof typeof column, string>>): void {
    const row = readFileSync(join(jobs, jobId), 'utf8').split('\x1f')
    for (const [name, value] of Object.entries(values)) row[column[name as keyof typeof column]] = value
    writeFileSync(join(jobs, `.${jobId}`), row.join('\x1f'))
    renameSync(join(jobs, `.${jobId}`), join(jobs, jobId))
  }
  return {
    folder,
    end: ({ jobId }) => change(jobId, { state: 'CA' }),
    fail: ({ jobId }) => change(jobId, { state: 'F', exitCode: '256', reason: 'NonZeroExitCode' }),
    suspend: ({ jobId }) => change(jobId, { state: 'S' }),
    listCalls: () => readCalls(calls),
    [Symbol.dispose]() {
      rmSync(rule, { force: true })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
