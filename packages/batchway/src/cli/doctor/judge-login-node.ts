/** The way to a login node: key, host key, the program behind it, its clock. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'

export interface LoginNodeFacts {
  readonly host: string
  readonly identityFile: string
  /** Mode and owner of the key; null if it is not there. */
  readonly key: { readonly mode: number; readonly uid: number } | null
  readonly hasKnownHosts: boolean
  readonly uid: number
  /** What the program there said, or why it did not. */
  readonly answer:
    | { readonly version: string; readonly host: string; readonly account: string; readonly missing: readonly string[] }
    | { readonly failure: string }
  /** Seconds; positive: its clock is ahead. Null if it was not read. */
  readonly clockSeconds: number | null
  readonly ownVersion: string
}

export function judgeLoginNode(facts: LoginNodeFacts): readonly Verdict[] {
  const { host, identityFile, key, hasKnownHosts, uid, answer, clockSeconds, ownVersion } = facts
  if (key === null)
    return [
      problem(
        `there is no key ${identityFile}`,
        'As the hub’s account:',
        literal(`ssh-keygen -t ed25519 -N '' -C batchway -f ${identityFile}`),
      ),
    ]
  if ((key.mode & 0o077) !== 0 || key.uid !== uid)
    return [
      problem(
        `the key ${identityFile} must belong to the hub’s account, and nobody else may read it`,
        literal(`chmod 600 ${identityFile}`),
      ),
    ]
  if (!hasKnownHosts)
    return [
      problem(
        'knownHostsFile cannot be read',
        `Put the host key of ${host} into it, as its administrator tells it (/etc/ssh/ssh_host_ed25519_key.pub there).`,
      ),
    ]
  if ('failure' in answer) return [problem(answer.failure, 'See docs/how-to/ssh.md, "When it does not work".')]
  const { version, account, missing } = answer
  return [
    ok(`${answer.host} answers as ${account}, version ${version}`),
    ...(version === ownVersion
      ? []
      : [
          warning(
            `it has version ${version}, and this is ${ownVersion}`,
            'Run "batchway agent install" of this version there.',
          ),
        ]),
    ...missing.map((file) => problem(`its rules allow ${file}, which is not there`, 'Correct the path in its rules.')),
    ...(clockSeconds === null || Math.abs(clockSeconds) < 5
      ? []
      : [warning(`its clock is ${clockSeconds} s off this host’s`, 'Let both follow the same time servers (chrony).')]),
  ]
}
