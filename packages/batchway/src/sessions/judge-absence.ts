/** Tells gone from unknown: what must come together before a job that the list does not show is taken for gone. Pure. */

/** What is known of one job that is missing from the list. */
export interface Evidence {
  /** In how many complete answers in a row it was missing. */
  readonly count: number
  /** The list has shown this very job before. */
  readonly isKnown: boolean
  /** Its agent has not been heard for a while, if it has one. */
  readonly isSilent: boolean
  /** What accounting says: nothing about this job, or nothing at all. */
  readonly accounting: 'ended' | 'alive' | 'nothing' | 'no answer'
  /** A cancel sent as the job's owner was told that there is no such job, before the last answer was asked for. */
  readonly isDenied: boolean
  /** What the scheduler answers when the job's owner asks, who is always shown his own jobs. */
  readonly owner: 'shown' | 'denied' | 'not asked'
  /** The last answer shows other living jobs of ours. */
  readonly showsOthers: boolean
  /** The last answer has lost several of our jobs at once. */
  readonly isMassLoss: boolean
  /** The job's walltime has been over for minutes. */
  readonly isOverdue: boolean
}

/** Accounting lags behind the list by seconds (2 s measured on Slurm 22.05): so many answers before "nobody knows how it ended". */
const patience = 6
/** About a minute: a mass loss that has lasted for so long, in answers that show others of ours, is no blink. */
const longPatience = 15
/** About five minutes: an accounting that is away for a moment would have told how the job ended. */
const longestPatience = 75

/**
 * `PrivateData=jobs` switched on empties the list with exit code 0, and a restarting controller may show a part: so an absence counts
 * only beside another witness. The strongest are accounting and the scheduler's answer to the job's owner. Where neither can be had, the
 * list must have shown this job before and must show others of ours now; and in the end the walltime is over.
 */
export function judgeAbsence(evidence: Evidence): 'gone' | 'alive' | 'unclear' {
  const { count, isKnown, isSilent, accounting, isDenied, owner, showsOthers, isMassLoss, isOverdue } = evidence
  if (accounting === 'ended' || isDenied) return 'gone'
  if (owner === 'shown') return 'alive'
  if (!isSilent || count < patience) return 'unclear'
  if (owner === 'denied') {
    // Accounting that calls a job running which its scheduler has lost may do so for ever.
    const wanted = accounting === 'nothing' ? patience : accounting === 'alive' ? longPatience : longestPatience
    return count >= wanted ? 'gone' : 'unclear'
  }
  if (accounting === 'alive' || !isKnown) return 'unclear'
  if (isOverdue) return 'gone'
  return accounting === 'nothing' && showsOthers && (!isMassLoss || count >= longPatience) ? 'gone' : 'unclear'
}
