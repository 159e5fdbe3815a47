/** Servers as people read of them. Pure. */
import type { ServerAnswer, SessionAnswer } from './answers.ts'
import { plainLine } from './plain-text.ts'
import { type Column, factsText, timeText } from './table.ts'

export function serverState({ ready, pending, stopped }: ServerAnswer): string {
  if (pending === 'spawn') return 'starting'
  if (pending === 'stop') return 'stopping'
  if (pending) return pending
  if (ready) return 'ready'
  return stopped === false ? 'unknown' : 'stopped'
}

const profileOf = ({ user_options: options }: ServerAnswer): string =>
  typeof options?.profile === 'string' ? options.profile : ''

export const serverColumns: readonly Column<ServerAnswer>[] = [
  { title: 'SERVER', of: ({ full_name, name }) => full_name ?? (name || '(default)') },
  { title: 'STATE', of: serverState },
  { title: 'PROFILE', of: profileOf },
  { title: 'STARTED', of: ({ started }) => timeText(started) },
  { title: 'LAST ACTIVE', of: ({ last_activity }) => timeText(last_activity) },
]

/** @param session what Batchway tells beyond JupyterHub's model; null from another hub. */
export function serverText(server: ServerAnswer, session: SessionAnswer | null, site: string): string {
  const { waiting, outcome } = session ?? {}
  return factsText([
    ['server', server.full_name ?? server.name],
    ['title', server.display_name ?? null],
    [
      'state',
      session === null
        ? serverState(server)
        : `${serverState(server)}${session.state === 'queued' ? ', in the queue' : ''}`,
    ],
    ['why', waiting ? `${waiting.sentence} ${waiting.next ?? ''}`.trim() : null],
    ['ended', outcome ? `${outcome.title ?? ''}. ${outcome.sentence}`.trim() : null],
    ['what next', outcome?.next ? outcome.next : null],
    ['profile', session?.profile.title ?? (profileOf(server) || null)],
    ['cluster', session?.cluster ?? null],
    ['job', session?.job_id ?? null],
    ['node', session?.node ?? null],
    ['started', server.started ? timeText(server.started) : null],
    ['last active', server.last_activity ? timeText(server.last_activity) : null],
    ['ends', session?.ends ? timeText(session.ends) : null],
    ['address', addressOf(server, site)],
  ])
}

/** Where a browser opens it. @param site of the gateway: a hub without a public address tells paths. */
export function addressOf({ full_url, url }: ServerAnswer, site: string): string {
  const address = full_url ?? url
  return plainLine(URL.canParse(address, site) ? new URL(address, site).href : address)
}
