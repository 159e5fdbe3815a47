/** One of a person's named servers, as a row and as a page. Pure. */
import type { NamedServer } from '../sessions/named-servers.ts'
import type { TimeWords } from './format.ts'
import type { HubPaths } from './hub-paths.ts'
import type { SessionView } from './session-view.ts'
import type { Chip } from './session-words.ts'

export interface ServerView {
  readonly name: string
  readonly title: string
  /** Where it is reached, without the host. */
  readonly address: string
  readonly chip: Chip
  readonly isActive: boolean
  readonly isOpenable: boolean
  readonly isStopping: boolean
  readonly used: string
  readonly size: string
  /** Of the session that runs; else of the last one; null if there was none. */
  readonly session: SessionView | null
  readonly urls: {
    readonly open: string
    readonly start: string
    readonly page: string
    readonly rename: string
    readonly remove: string
  }
}

const never: Chip = { tone: 'idle', icon: 'next', word: 'Not started yet' }

export function serverView(
  { name, displayName }: NamedServer,
  userName: string,
  session: SessionView | null,
  paths: HubPaths,
  times: TimeWords,
  now: number,
): ServerView {
  const page = paths.namedServer(name)
  const isActive = session?.isActive === true
  const ended = session?.endedAt ?? null
  return {
    name,
    title: displayName,
    address: paths.serverPath(userName, name),
    // How the last run ended is in the history; here it counts that nothing runs.
    chip: session === null ? never : isActive ? session.chip : { tone: 'idle', icon: 'stop', word: 'Stopped' },
    isActive,
    isOpenable: session?.isOpenable === true,
    isStopping: session?.state === 'stopping',
    used: isActive ? 'Now' : ended === null ? 'Not yet' : times.day(ended, now),
    size: session?.size ?? '',
    session,
    urls: {
      open: session?.urls.open ?? '',
      start: paths.spawn(userName, name),
      page,
      rename: `${page}/rename`,
      remove: `${page}/delete`,
    },
  }
}
