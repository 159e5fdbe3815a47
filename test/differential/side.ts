/** One of the two hubs: where it is, and with what each caller shows who they are. */
import { openVisitor, type Visitor } from '../e2e/support/visitor.ts'
import type { Credentials } from './callers.ts'

export interface Side extends AsyncDisposable {
  readonly name: 'JupyterHub' | 'Batchway'
  readonly version: string
  readonly port: number
  readonly credentials: Credentials
}

/** What a side offers before anybody has a token. */
export interface OpenedSide extends AsyncDisposable {
  readonly name: Side['name']
  readonly port: number
  /** What the log-in form is sent beside the name. */
  readonly signInFields: Readonly<Record<string, string>>
}

const html = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/** Sign in as a person does: the form, then a page. @throws {Error} if it is refused. */
export async function signIn(side: OpenedSide, name: string): Promise<Visitor> {
  const visitor = openVisitor(`http://127.0.0.1:${side.port}`, '/', name)
  await visitor.ask('/hub/login', { headers: html })
  const xsrf = visitor.cookie('_xsrf', '/hub/login') ?? ''
  const answer = await visitor.ask('/hub/login', {
    method: 'POST',
    headers: { ...html, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ _xsrf: xsrf, username: name, ...side.signInFields }).toString(),
  })
  if (answer.status !== 302) throw new Error(`${side.name} refused ${name}: ${answer.status} ${answer.body}`)
  // A page after signing in brings the token against forgery that belongs to the person.
  await visitor.ask('/hub/token', { headers: html })
  return visitor
}
