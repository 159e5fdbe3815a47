/** The batch system of this machine. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'

export interface LocalFacts {
  /** Pid of the local scheduler; null if it does not answer. */
  readonly pid: number | null
  readonly isHubRunning: boolean
  readonly state: string
  /** Mode of the scheduler's folder; null: not there yet. */
  readonly mode: number | null
  readonly usesSudo: boolean
  /** The program that sudo runs; null where none is needed. */
  readonly shepherd: { readonly path: string; readonly isThere: boolean } | null
  /** /proc hides other accounts' processes from us. */
  readonly hidesProcesses: boolean
  /** systemd runs here: the scheduler gets a scope of its own. */
  readonly hasSystemd: boolean
  /** Scopes of the hub's account: root's always work, others need a user manager. */
  readonly hasUserManager: boolean
  readonly hub: string
}

export function judgeLocal(facts: LocalFacts): readonly Verdict[] {
  const { pid, isHubRunning, state, mode, usesSudo, shepherd, hidesProcesses, hasSystemd, hasUserManager, hub } = facts
  const wrong = [
    ...(mode !== null && (mode & 0o077) !== 0
      ? [
          problem(
            `${state} has mode ${(mode & 0o777).toString(8)}: others can order jobs about`,
            literal(`chmod 700 ${state}`),
          ),
        ]
      : []),
    ...(shepherd !== null && !shepherd.isThere
      ? [
          problem(
            `${shepherd.path} is not there: sudo could not start jobs as other accounts`,
            'As the owner of the folder:',
            literal(`batchway agent install ${shepherd.path.replace(/\/[^/]*$/, '')}`),
          ),
        ]
      : []),
    ...(usesSudo && hidesProcesses
      ? [
          problem(
            '/proc hides the processes of other accounts (hidepid): the scheduler could not follow their jobs',
            `Let ${hub} see them: mount /proc with gid= of a group that it is in:`,
            literal(`mount -o remount,hidepid=2,gid=${hub} /proc`),
          ),
        ]
      : []),
    ...(pid === null
      ? [
          (isHubRunning ? problem : warning)(
            `it does not answer at ${state}`,
            isHubRunning
              ? 'Its log is scheduler.log there. "batchway start" brings it up; a hub that runs by itself does not.'
              : '"batchway start" brings it up.',
          ),
        ]
      : []),
    ...(hasSystemd && !hasUserManager
      ? [
          warning(
            'no systemd user manager for this account: the scheduler and its jobs live in the unit of whoever starts them',
            'In that unit: KillMode=process. Or let the account have a manager:',
            literal(`loginctl enable-linger ${hub}`),
          ),
        ]
      : []),
  ]
  if (wrong.length > 0) return wrong
  const scope = hasSystemd ? 'in a systemd scope of its own' : 'without systemd: it goes on when its starter ends'
  return [ok(`answers (pid ${pid}), ${scope}; memory is watched by looking, not by cgroup`)]
}
