/** What sign-in by PAM needs on this machine: saslauthd, its socket, the service. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'

export interface PamFacts {
  /** Of the way to sign in. */
  readonly id: string
  readonly service: string
  readonly socket: string
  /** Why nobody answers there: a code of the system. Null: somebody does. */
  readonly refusal: string | null
  /** Of the folder of the socket; null where it is missing. */
  readonly folder: { readonly path: string; readonly group: string; readonly isGroups: boolean } | null
  /** Folders in which PAM looks for services, and whether one has ours. */
  readonly hasService: boolean
  /** saslauthd runs with `-c`; null where that cannot be seen. */
  readonly caches: boolean | null
  readonly hub: string
}

export function judgePam(facts: PamFacts): readonly Verdict[] {
  const socket = judgeSocket(facts)
  return [
    ...(socket === null ? [] : [socket]),
    ...judgeService(facts),
    ...(facts.caches
      ? [
          warning(
            'saslauthd keeps passwords that were right (-c): it goes on saying yes to one that was changed',
            'Take -c out of OPTIONS in /etc/default/saslauthd (Debian) or of FLAGS in /etc/sysconfig/saslauthd, then:',
            literal('systemctl restart saslauthd'),
          ),
        ]
      : []),
    ...(socket === null && facts.hasService
      ? [ok(`"${facts.id}": saslauthd answers at ${facts.socket}, service ${facts.service}`)]
      : []),
  ]
}

function judgeSocket({ id, socket, refusal, folder, hub }: PamFacts): Verdict | null {
  if (refusal === null) return null
  if (refusal === 'EACCES' && folder !== null && folder.isGroups)
    return problem(
      `"${id}": ${hub} may not use ${socket}: its folder is for the group ${folder.group}`,
      'Put the hub’s account into that group, then restart the hub, since groups count from the start of a process:',
      literal(`usermod --append --groups ${folder.group} ${hub}`),
    )
  if (refusal === 'EACCES')
    return problem(
      `"${id}": ${hub} may not use ${socket}`,
      'Give the folder of the socket to a group of the hub’s account:',
      literal(`chgrp ${hub} ${folder?.path ?? socket}`),
      literal(`chmod 710 ${folder?.path ?? socket}`),
    )
  if (refusal === 'ENOENT')
    return problem(
      `"${id}": there is no socket ${socket}, so saslauthd does not run, or has it elsewhere`,
      'Install it (Debian: sasl2-bin, others: cyrus-sasl), with MECHANISMS="pam" in /etc/default/saslauthd or MECH=pam in /etc/sysconfig/saslauthd, and start it:',
      literal('systemctl enable --now saslauthd'),
      'If it runs, write the path of its socket (the folder after -m, and "mux") into "socket".',
    )
  return problem(
    `"${id}": nobody answers at ${socket} (${refusal}): saslauthd does not run any more`,
    'Start it again, and look at why it ended:',
    literal('systemctl restart saslauthd'),
    literal('journalctl --unit=saslauthd --lines=20'),
  )
}

/** Without a file of that name PAM takes `other`, which mostly refuses everybody. */
function judgeService({ id, service, hasService }: PamFacts): readonly Verdict[] {
  if (hasService) return []
  const file = `/etc/pam.d/${service}`
  return [
    problem(
      `"${id}": there is no PAM service ${service}, so PAM takes the one called "other", which lets nobody in`,
      `Write ${file}, for example on Debian:`,
      literal('auth     required pam_succeed_if.so uid >= 1000 quiet'),
      literal('auth     include  common-auth'),
      literal('account  include  common-account'),
    ),
  ]
}
