/**
 * The scheduler's commands as a site calls them, each with a thin shell around the real one that can be told what goes wrong: the
 * folder is the site's `commandDirectory`, and a sudo rule of its own names the two that run as other people. Needs root.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const names = ['sbatch', 'scancel', 'squeue', 'sacct', 'sinfo'] as const
export type CommandName = (typeof names)[number]

export interface SchedulerCommands extends Disposable {
  /** For the cluster's settings. */
  readonly directory: string
  /**
   * What goes wrong with a command from now on: POSIX sh that runs in its place with its arguments and its input. `$real` is the real
   * command's path; without an `exit` or `exec` the real one runs in the end.
   */
  fault(name: CommandName, body: string): void
  mend(name: CommandName): void
  /** Lines that faulty and sound commands wrote: `NAME PID ARGUMENTS`, and what a fault wrote to `$calls`. */
  calls(name: CommandName): string[]
}

const realPath = (name: string): string =>
  execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim()

export function openSchedulerCommands(instance: string): SchedulerCommands {
  const directory = `/var/tmp/batchway-bench/commands-${instance}`
  const rule = `/etc/sudoers.d/batchway-bench-${instance}`
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  const calls = join(directory, 'calls')
  writeFileSync(calls, '')
  chmodSync(calls, 0o666) // written by the hub's account and by its people's
  for (const name of names) {
    const text = `#!/bin/sh
real=${realPath(name)} calls=${calls} fault=${directory}/${name}.fault
printf '%s\\n' "${name} $$ $*" >>"$calls"
[ ! -e "$fault" ] || . "$fault"
exec "$real" "$@"
`
    writeFileSync(join(directory, name), text, { mode: 0o755 })
  }
  const allowed = ['sbatch', 'scancel'].map((name) => join(directory, name)).join(', ')
  const draft = join(directory, 'sudoers')
  writeFileSync(draft, `batchway ALL=(%batchway-users) NOPASSWD: ${allowed}\n`, { mode: 0o440 })
  // A broken rule would lock sudo for the whole machine.
  execFileSync('visudo', ['-cqf', draft])
  execFileSync('install', ['-o', 'root', '-g', 'root', '-m', '440', draft, rule])

  const faultFile = (name: CommandName): string => join(directory, `${name}.fault`)
  return {
    directory,
    fault(name, body) {
      // At once, for a command may begin at this moment.
      writeFileSync(`${faultFile(name)}.new`, `${body}\n`, { mode: 0o644 })
      renameSync(`${faultFile(name)}.new`, faultFile(name))
    },
    mend: (name) => rmSync(faultFile(name), { force: true }),
    calls: (name) =>
      readFileSync(calls, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${name} `)),
    [Symbol.dispose]() {
      rmSync(rule, { force: true })
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
