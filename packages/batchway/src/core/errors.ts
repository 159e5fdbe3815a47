/** Every error a client can see: code → HTTP status, title, and whether a retry can help. One table for pages, API and docs. */
export const problems = {
  bad_request: { status: 400, title: 'The request cannot be understood', retry: false },
  invalid_choice: { status: 422, title: 'A value does not fit', retry: false },
  unauthenticated: { status: 401, title: 'Not signed in any more', retry: true },
  forbidden: { status: 403, title: 'Not allowed', retry: false },
  csrf: { status: 403, title: 'The form is too old or came from elsewhere', retry: true },
  not_found: { status: 404, title: 'Nothing here, or not yours', retry: false },
  method_not_allowed: { status: 405, title: 'Not offered with this method', retry: false },
  exists: { status: 409, title: 'It exists already', retry: false },
  session_not_found: { status: 404, title: 'No such session, or not yours', retry: false },
  session_busy: { status: 400, title: 'The server is already starting, running or stopping', retry: true },
  limit_reached: { status: 429, title: 'A limit is reached', retry: true },
  scheduler_unavailable: { status: 503, title: 'The batch scheduler does not answer', retry: true },
  draining: { status: 503, title: 'No new sessions at the moment', retry: true },
  proxy_unavailable: { status: 503, title: 'The proxy does not answer', retry: true },
  sign_in_unavailable: { status: 503, title: 'Signing in does not work at the moment', retry: true },
  not_running: { status: 424, title: 'The server is not running', retry: true },
  gone: { status: 410, title: 'No longer valid', retry: false },
  later: { status: 425, title: 'Too early, ask again', retry: true },
  internal: { status: 500, title: 'Internal error', retry: true },
} as const satisfies Record<string, { status: number; title: string; retry: boolean }>

export type ProblemCode = keyof typeof problems

/** An error with words for the user (`detail`); what the admin needs goes into `cause`. */
export class BatchwayError extends Error {
  readonly code: ProblemCode
  /** Field of a form the error belongs to, if it is one field. */
  readonly field: string | undefined
  constructor(code: ProblemCode, detail: string, options?: ErrorOptions & { field?: string }) {
    super(detail, options)
    this.name = 'BatchwayError'
    this.code = code
    this.field = options?.field
  }
  get status(): number {
    return problems[this.code].status
  }
}

/** JupyterHub's `{status, message}` with the members of RFC 9457 beside it. */
export function toProblem(error: unknown, requestId: string) {
  const known = error instanceof BatchwayError ? error : undefined
  const code: ProblemCode = known?.code ?? 'internal'
  const { status, title, retry } = problems[code]
  const message = known?.message ?? 'Something went wrong on our side. The log has the details under the request id.'
  return { status, message, type: `urn:batchway:${code}`, title, detail: message, instance: requestId, retry }
}
