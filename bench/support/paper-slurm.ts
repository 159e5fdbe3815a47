/**
 * Slurm on paper: its commands, without its daemons and without jobs. What is submitted runs at once; its ticket goes to where the fleet
 * (`agent-fleet.ts`) takes tickets from. For what thousands of sessions cost the hub, on a machine that could not hold as many jobs.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CountedCommands, readCalls } from './sleepers.ts'

/** A job is a file with its row of the list. */
const commands = (jobs: string, spool: string, calls: string): Readonly<Record<string, string>> => ({
  sbatch: `umask 022
for word; do case $word in --job-name=*) name=\${word#*=} ;; esac; done
ticket=$(sed -n '/^{"/{p;q;}')
now=$(date +%s)
{ echo "$$ 0 n1 1"; echo "$ticket"; } >"${spool}/.$$"
printf '%s\\037' "$$" R "$(id -un)" many n1 0 "$now" "$now" "$((now + 14400))" 0 None "$(printf %-16s "$name")" >"${jobs}/.$$"
echo >>"${jobs}/.$$"
mv "${jobs}/.$$" "${jobs}/$$"
mv "${spool}/.$$" "${spool}/$$.ticket"
echo $$
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

/** @param spool folder of the tickets, which everybody may write to. */
export function openPaperSlurm(spool: string): CountedCommands {
  const folder = mkdtempSync('/var/tmp/batchway-paper-')
  chmodSync(folder, 0o755)
  const [jobs, log] = [join(folder, 'jobs'), join(folder, 'log')]
  for (const each of [jobs, log]) {
    mkdirSync(each)
    chmodSync(each, 0o1777)
  }
  const calls = join(log, 'squeue')
  for (const [name, text] of Object.entries(commands(jobs, spool, calls)))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}`, { mode: 0o755 })
  // A name with a dot would not be read.
  const rule = `/etc/sudoers.d/batchway-paper-${process.pid}`
  const allowed = ['sbatch', 'scancel'].map((name) => join(folder, name)).join(', ')
  writeFileSync(rule, `batchway ALL = (alice) NOPASSWD: ${allowed}\n`, { mode: 0o440 })
  return {
    folder,
    listCalls: () => readCalls(calls),
    [Symbol.dispose]() {
      rmSync(rule, { force: true })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
