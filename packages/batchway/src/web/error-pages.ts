import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { BatchwayError, type ProblemCode, problems, toProblem } from '../core/errors.ts'
import { apiHeaders } from '../core/http.ts'
import type { WebContext, WebRoom } from './web-room.ts'

export interface ErrorWords {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly sentence: string
  readonly detail: string
  readonly next: string
  readonly tone: 'bad' | 'wait' | 'idle'
  readonly action?: { readonly url: string; readonly label: string } | null
}

/** Programs get JSON: whoever asks for it first, and everything below an `api` folder. */
export function wantsJson(c: WebContext): boolean {
  if (c.get('visit').isForeign) return true
  const accept = (c.req.header('accept') ?? '').trimStart()
  return accept.startsWith('application/json') || /\/api(\/|$)/.test(new URL(c.req.url).pathname)
}

const nexts: Partial<Readonly<Record<ProblemCode, string>>> = {
  csrf: 'Go back, load the page again, then press the button again.',
  not_found: 'Check the address. If someone gave it to you, ask them to share the session with you.',
  session_not_found: 'Look for it in your history.',
  scheduler_unavailable: 'Wait a minute, then try again. Sessions that run are not touched by this.',
  gone: 'Start again from home.',
  internal: 'Try again. If it happens twice, give the request’s number below to your support.',
}

/** Any error as a page, or as a problem for programs. Words for the user come from the error; everything else goes to the log. */
export function showError(c: WebContext, room: WebRoom, error: unknown): Promise<Response> | Response {
  const { requestId } = c.get('visit')
  const problem = toProblem(error, requestId)
  const code: ProblemCode = error instanceof BatchwayError ? error.code : 'internal'
  if (problem.status >= 500) room.log.error({ err: error, request: requestId }, 'a page failed')
  if (wantsJson(c)) return showProblem(c, room, problem.status, problem)
  return showErrorWords(c, room, {
    status: problem.status,
    code: `batchway.${code}`,
    title: problem.title,
    sentence: `${problems[code].title}.`,
    detail: problem.message,
    next: nexts[code] ?? (problem.retry ? 'Try again in a moment.' : 'Go back, or start again from home.'),
    tone: errorTone(problem.status),
  })
}

/** Red is for what failed on our side. */
export const errorTone = (status: number): 'bad' | 'idle' => (status >= 500 ? 'bad' : 'idle')

export function showErrorWords(c: WebContext, room: WebRoom, words: ErrorWords): Promise<Response> {
  return room.pages.show(c, {
    template: 'error',
    title: words.title,
    icon: words.tone,
    status: words.status,
    data: {
      tone: words.tone,
      mark: words.tone === 'bad' ? 'alert' : 'info',
      // The sentence below often says the same.
      chip: words.sentence === `${words.title}.` ? String(words.status) : `${words.status} ${words.title}`,
      sentence: words.sentence,
      detail: words.detail,
      next_step: words.next,
      action: words.action ?? null,
      code: words.code,
      request_id: c.get('visit').requestId,
    },
  })
}

export function showProblem(c: WebContext, room: WebRoom, status: number, problem: object): Response {
  const headers = { ...apiHeaders(room.paths.base, room.settings.versions), 'Content-Type': 'application/json' }
  return c.body(JSON.stringify(problem), status as ContentfulStatusCode, headers)
}
