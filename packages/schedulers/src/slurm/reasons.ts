import type { WaitKind } from '../driver.ts'

/**
 * Pending reasons by class; the first match wins, everything else is normal waiting. @see squeue(1) "JOB REASON CODES", 22.05 to 24.11
 *
 * `never` costs a session its place: only what no waiting lifts. A partition that is down or inactive will be opened again.
 */
const table: readonly (readonly [RegExp, WaitKind])[] = [
  [/^(?:JobHeld(?:User|Admin)|JobHoldMaxRequeue|.*requeued held.*)$/i, 'held'],
  // A limit that no waiting lifts: more per job (or node) than the account or QOS may ever have.
  [/^(?:QOS|Assoc)(?:Max\w+Per(?:Job|Node)(?:Limit)?|TimeLimit)$/, 'never'],
  [
    /^(?:BadConstraints|Partition(?:TimeLimit|NodeLimit|Config)|TimeLimit|Invalid(?:Account|QOS)|AccountNotAllowed|QOSNotAllowed)$/,
    'never',
  ],
  [/^(?:DependencyNeverSatisfied|ReservationDeleted|ReservationInvalid|QOSMin\w+|AssociationMissing)$/, 'never'],
  [/^(?:QOSGrp|AssocGrp|QOSUsageThreshold|QOSResourceLimit|AssociationResourceLimit)/, 'group-limit'],
  [/^(?:QOSMax|AssocMax|MaxSubmit|QOSJobLimit|AssociationJobLimit|JobArrayTaskLimit)/, 'user-limit'],
]

/** The class of a pending job's raw reason. */
export const readReason = (reason: string): WaitKind => table.find(([pattern]) => pattern.test(reason))?.[1] ?? 'normal'
