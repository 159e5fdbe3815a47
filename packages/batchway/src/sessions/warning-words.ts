/** Sentences for what will end a session soon: pure, for pages and API alike. */
import type { Say } from './outcomes.ts'
import type { Session, Warning } from './session.ts'

export interface WarningWords {
  readonly about: Warning['about']
  /** When the application begins to be closed, Unix milliseconds. */
  readonly endsAt: number
  /** `JupyterLab is closed at 11:26: its time is nearly over.` */
  readonly sentence: string
  readonly next: string
}

/** What the session's agent announces now, the nearest end first. */
export function warningsOf(session: Session, say: Pick<Say, 'clock' | 'duration'>): readonly WarningWords[] {
  const { facts, spec } = session
  if (facts.state !== 'ready') return []
  const app = spec.application.title
  return [...(facts.warnings ?? [])]
    .sort((a, b) => a.endsAt - b.endsAt)
    .map(({ about, endsAt }) => ({
      about,
      endsAt,
      ...(about === 'walltime'
        ? {
            sentence: `${app} is closed at ${say.clock(endsAt)}: its time of ${say.duration(spec.resources.wallSeconds)} is nearly over.`,
            next: 'Save your work now. What is only in memory is lost.',
          }
        : {
            sentence: `${app} is stopped at ${say.clock(endsAt)}: nobody has used it for a while.`,
            next: 'Open it and use it, and it goes on.',
          }),
    }))
}
