/** How a hub asks the scheduler, and what follows from the answer: mirrors `poller.ts`, `absences.ts` and `reconciler.ts`. */
import type { JobId } from '@batchway/schedulers'
import type { Evidence } from '../judge-absence.ts'
import { apply, move, statusOf, type WorldMove, withAttempt, withHub } from './moves.ts'
import type { Rules } from './rules.ts'
import { tagAbsent } from './submit-moves.ts'
import { type Answer, attemptRow, claimOf, type Hub, isLiving, type Job, jobOf, type World } from './world.ts'

const listed = (jobs: readonly Job[]): string => jobs.map(({ id, phase }) => `${id} ${phase}`).join(', ') || 'nothing'

export function pollMoves(world: World, hub: Hub, rules: Rules): WorldMove[] {
  if (hub.answer && !hub.answer.isDigested) return digest(world, hub, rules, 'whole')
  const { isSeen } = attemptRow(world)
  const isStopping = world.facts.state === 'stopping'
  const knew = {
    attempt: world.attempt,
    isAccepted: isSeen,
    isSettled: !isSeen && hub.quiet === 'settled',
    isDenied: isStopping && hub.isDenied,
  }
  const ask = (jobs: readonly Job[]): World =>
    withHub(world, hub, { answer: { jobs, isDigested: false, knew, isBlind: world.isBlind } })
  if (world.isBlind) return [move('hub', 'the scheduler lists nothing to us, as if that were all', ask([]))]
  const living = world.jobs.filter(isLiving)
  const moves = [move('hub', `the scheduler lists ${listed(living)}`, ask(living))]
  // It forgets what has ended sooner or later; nobody can count on being shown it.
  if (living.length < world.jobs.length)
    moves.push(move('fault', `the scheduler lists ${listed(world.jobs)}`, ask(world.jobs)))
  const cut = ask([])
  return cut.hub ? [...moves, ...digest(cut, cut.hub, rules, 'cut')] : moves
}

function digest(world: World, hub: Hub, rules: Rules, list: 'whole' | 'cut'): WorldMove[] {
  const { answer } = hub
  if (!answer) return []
  const done = reconciled(digested(world, hub), answer, rules)
  if (world.facts.state === 'ended') return [move('hub', `the list is digested: ${listed(answer.jobs)}`, done)]
  const { jobId, isSeen } = attemptRow(world)
  const ours = answer.jobs.filter(({ id, attempt }) => (isSeen ? id === jobId : attempt === world.attempt))
  const job = ours.find(({ phase }) => phase !== 'ended') ?? ours[0]
  const words = list === 'cut' ? 'an incomplete list, without the job' : 'the list is digested'
  const kind = list === 'cut' ? 'fault' : 'hub'
  if (job) return [move(kind, `${words}: ${job.id} is ${job.phase}`, seen(done, job, rules))]
  if (!rules.isComplete(list)) return [move(kind, `${words}: nothing follows`, done)]
  if (!isSeen || jobId === null)
    return [move(kind, `${words}: no job of this name`, tagAbsent(done, answer.knew, rules))]
  return absent(done, jobId, answer, rules).map((each) => ({ ...each, name: `${words}: ${each.name}` }))
}

/** Nothing depends any more on what was known when it was asked. */
const digested = (world: World, hub: Hub): World =>
  withHub(world, hub, {
    answer: hub.answer && {
      jobs: hub.answer.jobs,
      isDigested: true,
      isBlind: false,
      knew: { attempt: 0, isAccepted: false, isSettled: false, isDenied: false },
    },
  })

/** Mirrors `onStatus` in `follow-jobs.ts`. */
function seen(world: World, job: Job, rules: Rules): World {
  const row = attemptRow(world)
  const isNew = !row.isSeen
  const noted = withAttempt(world, world.attempt, {
    isSeen: true,
    ...(isNew && { jobId: job.id, submit: 'accepted' as const }),
  })
  const counted = noted.hub ? withHub(noted, noted.hub, { missing: 0 }) : noted
  const accepted = isNew ? apply(counted, rules, { type: 'accepted', jobId: job.id }) : counted
  return apply(accepted, rules, { type: 'observed', status: statusOf(job), askedAt: 0 })
}

/** So often an absence may have been seen by now; which of them decides, the rule knows. */
const counts = [1, 6, 15, 75] as const

/** Mirrors `digest` in `absences.ts`; `judgeAbsence` itself is the real one. */
function absent(world: World, jobId: JobId, { knew, isBlind }: Answer, rules: Rules): WorldMove[] {
  const { hub, facts } = world
  if (!hub) return []
  if (!knew.isAccepted || knew.attempt !== world.attempt)
    return [move('hub', 'asked for before the job was there', world)]
  const count = Math.min(2, hub.missing + 1)
  const missing = withHub(world, hub, { missing: count })
  if (count < 2 && facts.state !== 'stopping') return [move('hub', `${jobId} is missing`, missing)]
  const job = world.jobs.find(({ id }) => id === jobId)
  const claim = claimOf(facts)
  const isAlive = job !== undefined && isLiving(job)
  const isHeard = world.agents.some(({ id, isRunning }) => isRunning && id === claim?.id) && job?.phase === 'running'
  const truth = isAlive ? 'alive' : 'ended'
  const moves = new Map<string, WorldMove>()
  for (const accounting of [truth, 'nothing', 'no answer'] as const) {
    for (const owner of [isAlive ? 'shown' : 'denied', 'not asked'] as const) {
      for (const many of count < 2 ? [1] : counts) {
        const evidence: Evidence = {
          count: many,
          isKnown: attemptRow(world).isSeen,
          isSilent: !isHeard,
          accounting,
          isDenied: knew.isDenied,
          owner,
          showsOthers: !isBlind,
          isMassLoss: false,
          isOverdue: false,
        }
        const verdict = rules.judgeAbsence(evidence)
        // What is true is told in the end: by accounting or to the owner, and to somebody who asks often enough.
        const kind = accounting === truth || (accounting === 'nothing' && owner !== 'not asked') ? 'hub' : 'fault'
        const end = accounting === 'ended' ? ({ kind: 'completed' } as const) : null
        const to =
          verdict === 'gone' ? apply(withHub(world, hub, { missing: 0 }), rules, { type: 'vanished', end }) : missing
        const words = `accounting ${accounting}, owner ${owner}, ${many} times`
        const name = `${jobId} is ${verdict === 'gone' ? 'gone' : 'missing'} (${words})`
        const known = moves.get(`${verdict} ${accounting === 'ended'}`)
        if (!known || (known.kind === 'fault' && kind === 'hub'))
          moves.set(`${verdict} ${accounting === 'ended'}`, move(kind, name, to))
      }
    }
  }
  return [...moves.values()]
}

/** Mirrors `faultOf` and `compare` in `reconciler.ts`: jobs of our tag that belong to no living attempt are cancelled. */
function reconciled(world: World, { jobs }: Answer, rules: Rules): World {
  const { jobId, isSeen } = attemptRow(world)
  const known = jobOf(world.facts) ?? (isSeen ? jobId : null)
  const isOrphan = ({ id, attempt }: Job): boolean =>
    rules.isOrphan({
      hasEnded: world.facts.state === 'ended',
      isEarlierAttempt: attempt < world.attempt,
      isOtherJob: attempt === world.attempt && known !== null && known !== id,
    })
  const orphans = jobs.filter((job) => isLiving(job) && job.phase !== 'ending' && isOrphan(job)).map(({ id }) => id)
  if (orphans.length === 0) return world
  const after = world.jobs.map((job) =>
    orphans.includes(job.id) && isLiving(job) ? { ...job, phase: 'ending' as const } : job,
  )
  return { ...world, jobs: after }
}
