/** How a hub submits, and finds out what became of a submit that nobody answered: mirrors `submitter.ts`. */
import { apply, move, statusOf, type WorldMove, withAttempt, withHub } from './moves.ts'
import type { Rules } from './rules.ts'
import {
  type Answer,
  attemptRow,
  type Hub,
  isLiving,
  newAttempt,
  type SubmitTask,
  submitTask,
  type World,
} from './world.ts'

/** Attempts before the hub gives up; the product allows one more. */
const mostAttempts = 2

/** Mirrors `submit`, `resolve` and `again` in `submitter.ts`. */
export function submitMoves(world: World, hub: Hub, rules: Rules): WorldMove[] {
  const { submit: task } = hub
  const settle = settleMoves(world, hub, rules)
  if (!task) return settle
  const { attempt } = task
  const over = (to: World): World => (to.hub ? withHub(to, to.hub, { submit: null }) : to)
  const at = (step: SubmitTask['step'], to = world): World => withHub(to, hub, { submit: { ...task, step } })
  const row = world.attempts[attempt - 1] ?? newAttempt
  switch (task.step) {
    case 'begin':
      if (row.submit !== 'prepared') return [...settle, move('hub', 'the submit was made already', over(world))]
      return [
        move('hub', 'the hub writes that it submits', at('spawn', withAttempt(world, attempt, { submit: 'running' }))),
      ]
    case 'spawn': {
      if (world.facts.state !== 'submitting')
        return [
          move(
            'hub',
            'stopped meanwhile: nothing is sent',
            at('never', withAttempt(world, attempt, { submit: 'refused' })),
          ),
        ]
      const senders = [
        ...world.senders,
        { attempt, isAlive: true, request: 'unsent', isHeard: true, isLate: false } as const,
      ]
      return [move('hub', 'the submit command starts', at('wait', { ...world, senders }))]
    }
    case 'wait':
      return settle
    case 'refused':
      return [move('hub', 'the hub notes the refusal', over(apply(world, rules, { type: 'refused', words: '' })))]
    case 'never':
      return [
        move(
          'hub',
          'the hub notes that no job will come',
          over(apply(world, rules, { type: 'neverSubmitted', words: '' })),
        ),
      ]
    case 'resolve': {
      const answered = move('hub', 'accounting answers the search for the name', resolve(world, hub, task, rules, true))
      if (world.budget.losses === 0) return [answered]
      const lost = { ...world, budget: { ...world.budget, losses: world.budget.losses - 1 } }
      const silent = resolve(lost, hub, task, rules, false)
      return [answered, move('fault', 'accounting does not answer the search for the name', silent)]
    }
    case 'again': {
      const moved = apply(world, rules, { type: 'resubmitted', attempt: attempt + 1 })
      const goesOn = moved.facts.state === 'submitting' && moved.attempt === attempt + 1
      const to = moved.hub ? withHub(moved, moved.hub, { submit: goesOn ? submitTask(attempt + 1) : null }) : moved
      return [move('hub', goesOn ? 'the hub begins another attempt' : 'another attempt is not wanted any more', to)]
    }
  }
}

/** After the process of a submit is gone, so much time passes that its job would be there. */
function settleMoves(world: World, hub: Hub, rules: Rules): WorldMove[] {
  if (hub.quiet !== 'since') return []
  const own = world.senders.filter(({ attempt, isLate }) => attempt === world.attempt && !isLate)
  const mayCome = own.some(({ isAlive, request }) => request === 'taken' || (isAlive && request === 'unsent'))
  if (mayCome && !rules.isQuiet(true)) return []
  // While a list would show the job, nobody ever asks how long it has been.
  if (!world.isBlind && world.jobs.some((job) => job.attempt === world.attempt && isLiving(job))) return []
  return [move('hub', 'long enough since the submit', withHub(world, hub, { quiet: 'settled' }))]
}

function resolve(world: World, hub: Hub, task: SubmitTask, rules: Rules, answers: boolean): World {
  const { attempt } = task
  const row = world.attempts[attempt - 1] ?? newAttempt
  const job = world.jobs.find((each) => each.attempt === attempt)
  const verdict = rules.withoutTrace({
    submit: row.submit,
    isSettled: true,
    isAccounted: answers && job !== undefined && !isLiving(job),
    isShownToOwner: job !== undefined && isLiving(job),
    mayBeHidden: false, // the owner can be asked
    isStopping: task.wasStopping,
    isLastAttempt: attempt >= mostAttempts,
  })
  const idle = withHub(world, hub, { submit: null, quiet: 'no' })
  switch (verdict) {
    case 'ended':
    case 'accepted': {
      if (!job || row.isSeen) return idle
      const known = withAttempt(idle, attempt, { jobId: job.id, submit: 'accepted', isSeen: true })
      return apply(known, rules, { type: 'observed', status: statusOf(job), askedAt: 0 })
    }
    case 'never':
      return withHub(withAttempt(world, attempt, { submit: 'refused' }), hub, {
        quiet: 'no',
        submit: { ...task, step: 'never' },
      })
    case 'again': {
      const attempts = world.attempts.length > attempt ? world.attempts : [...world.attempts, newAttempt]
      return withHub({ ...world, attempts }, hub, { quiet: 'no', submit: { ...task, step: 'again' } })
    }
    default:
      return idle
  }
}

/** Mirrors `tagAbsent` and `hasSettled` in `submitter.ts`. */
export function tagAbsent(world: World, knew: Answer['knew'], rules: Rules): World {
  const { hub, attempt } = world
  if (!hub || hub.submit) return world
  const { submit } = attemptRow(world)
  const isStopping = world.facts.state === 'stopping'
  const isAlive = world.senders.some((sender) => sender.attempt === attempt && sender.isAlive)
  const isQuiet = rules.isQuiet(isAlive)
  const isSettled = isQuiet && hub.quiet === 'settled' && knew.isSettled && knew.attempt === attempt
  const verdict = rules.withoutTrace({
    submit,
    isSettled,
    isAccounted: false,
    isShownToOwner: false,
    mayBeHidden: false,
    isStopping,
    isLastAttempt: attempt >= mostAttempts,
  })
  const isOpen = submit === 'running' || submit === 'unclear' || submit === 'accepted'
  if (verdict === 'wait') {
    if (!isOpen) return world
    return withHub(world, hub, { quiet: isQuiet ? (hub.quiet === 'no' ? 'since' : hub.quiet) : 'no' })
  }
  if (verdict === 'submit') return withHub(world, hub, { submit: submitTask(attempt) })
  const task: SubmitTask = { ...submitTask(attempt), wasStopping: isStopping }
  if (isOpen) return withHub(world, hub, { submit: { ...task, step: 'resolve' } })
  if (submit === 'prepared')
    return withAttempt(withHub(world, hub, { submit: { ...task, step: 'never' } }), attempt, { submit: 'refused' })
  return resolve(world, hub, task, rules, false)
}
