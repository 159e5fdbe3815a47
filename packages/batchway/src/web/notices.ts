/** What will end a session soon, for its page and its card. Pure. */
import type { Session } from '../sessions/session.ts'
import { warningsOf } from '../sessions/warning-words.ts'
import { duration, type TimeWords } from './format.ts'

export interface Notice {
  readonly about: 'walltime' | 'idle'
  readonly endsAt: number
  readonly kind: 'warn' | 'bad'
  readonly icon: string
  /** When it ends. Says a step and not the minutes: it is read out whenever it changes. */
  readonly lead: string
  readonly next: string
}

/** Seconds before the end at which the words change. */
const steps = [60, 300, 900]

/** The nearest end first. The walltime is told even where no agent announces it. */
export function noticesOf(session: Session, now: number, times: TimeWords): readonly Notice[] {
  const { facts, endsAt, lastActivityAt, readyAt, spec } = session
  if (facts.state !== 'ready') return []
  const clock = (at: number) => `${times.moment(at, now)} ${times.zone(at)}`
  const wall = spec.resources.wallSeconds
  const told = warningsOf(session, { clock, duration })
  const isTold = told.some(({ about }) => about === 'walltime')
  // Time stands still for a suspended job, and its end moves.
  const own = isTold || facts.paused || endsAt === null ? [] : walltimeNotice(endsAt, now, clock, wall)
  return [
    ...told.flatMap((warning): readonly Notice[] => {
      if (warning.about === 'walltime') return walltimeNotice(warning.endsAt, now, clock, wall)
      const since = lastActivityAt ?? readyAt
      const unused = since === null ? 'Unused' : `Unused since ${clock(since)}`
      return [
        {
          about: 'idle',
          endsAt: warning.endsAt,
          kind: 'warn',
          icon: 'hourglass',
          lead: `${unused}; it will be stopped at ${clock(warning.endsAt)}.`,
          next: 'Use it to keep it.',
        },
      ]
    }),
    ...own,
  ].sort((a, b) => a.endsAt - b.endsAt)
}

function walltimeNotice(endsAt: number, now: number, clock: (at: number) => string, wall: number): readonly Notice[] {
  const seconds = (endsAt - now) / 1000
  // Whoever asked for ten minutes knows that it is less than a quarter of an hour.
  const step = steps.find((limit) => seconds <= limit && limit < wall)
  if (step === undefined) return []
  const isOver = seconds <= 0
  return [
    {
      about: 'walltime',
      endsAt,
      kind: step <= 300 ? 'bad' : 'warn',
      icon: 'hourglass',
      lead: isOver
        ? `Its time was over at ${clock(endsAt)}: it is being closed.`
        : `Ends at ${clock(endsAt)}, in less than ${duration(step)}.`,
      next: isOver ? '' : 'Save your work.',
    },
  ]
}
