/** JupyterHub's progress events (contract 2.6), computed from a session's row: whoever comes late gets the same story. Pure. */
import type { ApplicationPlaces } from '../core/application-hosts.ts'
import { outcomeWords, waitingWords } from '../sessions/outcomes.ts'
import type { Session } from '../sessions/session.ts'
import { sayPlainly } from './session-view.ts'

export interface ProgressEvent {
  readonly progress: number
  readonly message: string
  /** Clients insert it as HTML. */
  readonly html_message?: string
  readonly ready?: true
  readonly failed?: true
  readonly url?: string
}

/** @returns every event up to now, in order; the last one is terminal when the session is ready or has ended. */
export function progressOf(session: Session, places: Pick<ApplicationPlaces, 'url'>): readonly ProgressEvent[] {
  const { facts, spec } = session
  const events: ProgressEvent[] = [{ progress: 0, message: 'Server requested' }]
  if (facts.state === 'ended') return [...events, failure(session)]
  if (session.submittedAt !== null) events.push({ progress: 10, message: `Job submitted to ${spec.clusterTitle}` })
  if (facts.state === 'queued')
    events.push({ progress: 20, message: waitingWords(facts.waiting, spec, sayPlainly).sentence })
  if (session.startedAt !== null) {
    const node = 'node' in facts && facts.node ? ` on ${facts.node}` : ''
    events.push({ progress: 50, message: `Job started${node}` })
  }
  if (facts.state === 'starting' && facts.claim)
    events.push({ progress: 70, message: `${spec.application.title} is starting` })
  if (facts.state === 'stopping') events.push({ progress: 90, message: 'Stopping' })
  if (facts.state === 'ready') {
    const url = places.url(session.userName, session.serverName)
    events.push({
      progress: 100,
      ready: true,
      message: `Server ready at ${url}`,
      html_message: `Server ready at <a href="${escapeHtml(url)}">${escapeHtml(url)}</a>`,
      url,
    })
  }
  return events
}

export const isTerminal = (event: ProgressEvent): boolean => event.ready === true || event.failed === true

function failure(session: Session): ProgressEvent {
  if (session.facts.state !== 'ended') return { progress: 100, failed: true, message: 'Spawn failed' }
  const { outcome } = session.facts
  const { title, sentence, next } = outcomeWords(outcome, session, sayPlainly)
  const words = outcome.words ? ` (${outcome.words})` : ''
  const message = `Spawn failed: ${title}. ${sentence}${words} ${next}`
  return { progress: 100, failed: true, message, html_message: escapeHtml(message) }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char] ?? '')
