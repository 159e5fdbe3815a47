/** What became of the probe job, as seen from outside: submitted, shown, started, cancelled, accounted for. Pure. */
import type { JobEnd, SchedulerError, WaitKind } from '@batchway/schedulers'
import { clockDifference } from './clock-difference.ts'
import { ok, problem, skipped, type Verdict, warning } from './finding.ts'
import type { JobReport } from './job-report.ts'
import { noAccounting, visibilityRemedy } from './judge-scheduler.ts'
import type { SlurmSettings } from './slurm-settings.ts'

/** Times are the doctor's clock, Unix milliseconds, unless they say otherwise. */
export interface JobStory {
  readonly id: string
  readonly submit: { readonly beganAt: number; readonly endedAt: number }
  /** The list call showed it. `submittedAt`: the scheduler's clock, if it tells. */
  readonly listed: { readonly at: number; readonly submittedAt: number | null } | null
  /** Complete answers of the list call while the job must have been there. */
  readonly listAnswers: number
  readonly waits: { readonly kind: WaitKind; readonly reason: string } | null
  readonly ranAt: number | null
  /** The last answer that showed it waiting. */
  readonly lastPendingAt: number | null
  readonly report: {
    readonly facts: JobReport
    readonly at: number
    readonly by: 'network' | 'scheduler' | 'log'
  } | null
  readonly log: 'readable' | 'hidden' | 'absent' | null
  /** Ended before the doctor cancelled it. */
  readonly earlyEnd: JobEnd | null
  readonly cancel: { readonly words: string | null; readonly goneAfterMs: number | null } | null
  readonly accounting:
    | { readonly afterMs: number; readonly kind: JobEnd['kind'] }
    | { readonly words: string | null; readonly waitedMs: number }
    | null
}

export interface JobSetting {
  readonly hub: string
  readonly account: string
  readonly profile: string
  /** Null for other schedulers than Slurm. */
  readonly slurm: SlurmSettings | null
  readonly isKnownInAccounting: boolean
}

export function judgeSubmit(
  result: { readonly id: string } | SchedulerError,
  { account, profile }: JobSetting,
): Verdict {
  if ('id' in result) return ok(`job ${result.id} of ${account}, with the options of profile ${profile}`)
  if (result.kind === 'refused')
    return problem(
      `the scheduler refuses a small job of ${account} with the options of profile ${profile}: ${result.message}`,
      'The words are the scheduler’s. Try by hand, as that user, on a login node.',
    )
  if (result.kind === 'ambiguous')
    return problem(
      `no clear answer: ${result.message}`,
      'The scheduler may have taken the job all the same. Is it overloaded or down?',
    )
  return problem(result.message)
}

export function judgeVisible(story: JobStory, { hub, account, slurm, isKnownInAccounting }: JobSetting): Verdict {
  const { listed, listAnswers, id } = story
  if (listed !== null) return ok(`${hub} sees job ${id} of ${account} in the list of all jobs`)
  if (listAnswers === 0)
    return problem('the scheduler took the job, but no list of jobs came while it was there', 'See "Scheduler" above.')
  return problem(
    `${hub} does not see job ${id} of ${account}: the list came ${listAnswers} times, with exit status 0 and without it`,
    ...(slurm === null
      ? ['The hub’s account must be allowed to see the jobs of all users.']
      : visibilityRemedy(hub, isKnownInAccounting, slurm)),
  )
}

export function judgeStart(story: JobStory, waitedSeconds: number): Verdict {
  const { waits, ranAt, report, earlyEnd, listed } = story
  if (ranAt !== null || report !== null)
    return ok(
      `it runs${report ? ` on ${report.facts.host}` : ''}, ${seconds((ranAt ?? report?.at ?? 0) - story.submit.beganAt)} after the submit`,
    )
  if (earlyEnd !== null)
    return earlyEnd.kind === 'completed'
      ? ok('it has run')
      : problem(
          `it ended before its script could say a word: ${earlyEnd.words ?? earlyEnd.kind}`,
          ...(earlyEnd.kind === 'launch-failed' || earlyEnd.signal === 53
            ? ['The node could not write the job’s log or enter its folder: see "Job: home".']
            : ['The log of slurmd, or of the scheduler’s daemon on the node, has more.']),
        )
  if (waits?.kind === 'never')
    return problem(
      `it can never run as it was asked for: ${waits.reason}`,
      'A job of one core and two minutes with these options: look at the limits of partition, account and QOS.',
    )
  if (waits !== null)
    return warning(
      `it did not start within ${waitedSeconds} s (${waits.reason || waits.kind}): what only a job can tell was not checked`,
      'Run the doctor again when the cluster is less busy, or with the account of somebody with priority.',
    )
  return listed === null
    ? skipped('the job cannot be seen, and sent no word')
    : warning('it was seen, but sent no word', 'The job’s log may say why; see "Job: home" and "Job: hub address".')
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`

export function judgeCancel({ cancel, earlyEnd, id, listed, accounting }: JobStory): Verdict {
  if (cancel === null)
    return skipped(earlyEnd ? 'the job had ended by itself' : 'the job was not there to be cancelled')
  if (cancel.words !== null)
    return problem(
      `job ${id} was not cancelled: ${cancel.words}`,
      'It ends by itself within two minutes of its start. See "sudo rules".',
    )
  if (cancel.goneAfterMs === null && listed === null)
    return accounting !== null && 'kind' in accounting
      ? ok(`job ${id} was not to be seen, and accounting tells that it ended (${accounting.kind})`)
      : skipped(`the cancel was taken; whether job ${id} is gone cannot be seen`)
  if (cancel.goneAfterMs === null)
    return warning(
      `the cancel was taken, but the end of job ${id} was not seen within a minute`,
      'Sessions would be shown as stopping for as long.',
    )
  return ok(`gone ${seconds(cancel.goneAfterMs)} after the cancel`)
}

export function judgeAccounting({ accounting, id }: JobStory, { slurm, hub }: JobSetting): Verdict {
  if (slurm?.accounting?.endsWith('/slurmdbd') === false)
    return warning(`the site keeps no accounting (${slurm.accounting})`, ...noAccounting)
  if (accounting === null) return skipped('no end of the job was seen that accounting could tell of')
  if ('kind' in accounting)
    return ok(`tells how job ${id} ended (${accounting.kind}), ${seconds(accounting.afterMs)} after it did`)
  return warning(
    accounting.words !== null
      ? `does not answer: ${accounting.words}`
      : `does not tell ${hub} how job ${id} ended, ${seconds(accounting.waitedMs)} after it did`,
    'Is slurmdbd up? With PrivateData=jobs in slurmdbd.conf only operators see the jobs of others.',
    ...noAccounting.slice(0, 1),
  )
}

/** Differences up to this one are told by no page. */
const harmlessSeconds = 5
/** MUNGE's credentials live 300 s; a little is lost on the way. */
const mungeSeconds = 240

function sayDifference(who: string, difference: number): string {
  return `the clock of ${who} is ${Math.abs(difference)} s ${difference > 0 ? 'ahead of' : 'behind'} this host’s`
}

export function judgeClocks({ submit, listed, report, lastPendingAt }: JobStory): Verdict {
  const clocks: [string, number][] = []
  if (listed !== null && listed.submittedAt !== null)
    clocks.push([
      'the scheduler',
      clockDifference(listed.submittedAt / 1_000, submit.beganAt / 1_000, submit.endedAt / 1_000),
    ])
  if (report !== null && report.facts.clock !== null)
    clocks.push([
      report.facts.host || 'the node',
      clockDifference(report.facts.clock, (lastPendingAt ?? submit.beganAt) / 1_000, report.at / 1_000),
    ])
  if (clocks.length === 0) return skipped('neither scheduler nor node told the time')
  const off = clocks.filter(([, difference]) => Math.abs(difference) > harmlessSeconds)
  if (off.length === 0) return ok(`${clocks.map(([who]) => who).join(', ')} and this host agree`)
  const words = off.map(([who, difference]) => sayDifference(who, difference)).join('; ')
  const remedy = 'Let all hosts follow one time server: "chronyc tracking" on each says how far it is off.'
  return off.some(([, difference]) => Math.abs(difference) > mungeSeconds)
    ? problem(`${words}: MUNGE refuses credentials that are more than five minutes off`, remedy)
    : warning(words, remedy)
}
