/** Whether the names of applications lead where the hub's own name leads. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'

export interface HostNameFacts {
  readonly hub: string
  readonly domain: string
  /** A name under the domain that nobody has. */
  readonly madeUp: string
  /** Addresses that a name leads to; empty: it leads nowhere. */
  readonly hubLeadsTo: readonly string[]
  readonly madeUpLeadsTo: readonly string[]
  /** The hub's cookies are bound to its host. */
  readonly isHostBound: boolean
}

export function judgeHostNames(facts: HostNameFacts): readonly Verdict[] {
  const { hub, domain, madeUp, hubLeadsTo, madeUpLeadsTo, isHostBound } = facts
  const record = literal(`*.${domain}. IN CNAME ${hub}.`)
  const bound = isHostBound
    ? []
    : [
        warning(
          'the hub’s cookies are not bound to its host: a script of an application can toss others for the whole domain',
          'They are with https and without a path in "url": give the hub a name of its own.',
        ),
      ]
  if (hubLeadsTo.length === 0)
    return [
      ...bound,
      warning(`${hub} leads nowhere on this machine`, 'Give it an address in DNS, or look from where people are.'),
    ]
  if (madeUpLeadsTo.length === 0)
    return [
      ...bound,
      problem(
        `${madeUp} leads nowhere, so no application can be opened`,
        'Every name under the domain must lead to the front server. In the zone:',
        record,
      ),
    ]
  if (!madeUpLeadsTo.some((address) => hubLeadsTo.includes(address)))
    return [
      ...bound,
      problem(
        `${madeUp} leads to ${madeUpLeadsTo.join(', ')}, and ${hub} to ${hubLeadsTo.join(', ')}`,
        'If that is no front server of this hub, mend the record:',
        record,
      ),
    ]
  return bound.length > 0 ? bound : [ok(`names under ${domain} lead where ${hub} leads`)]
}
