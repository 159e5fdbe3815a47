import { BatchwayError } from '../core/errors.ts'
import { coversScopeText } from '../people/scopes.ts'
import { openOneTimeDisplay } from './one-time-display.ts'
import { record } from './record.ts'
import { type Given, noToken, readGiven, readRequest, type TokenErrors } from './token-request.ts'
import { expiryChoices, tokenLists } from './token-view.ts'
import { formOf, userOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** What the page says once after a form of its own; the address holds no text of anybody's. */
const done: ReadonlyMap<string, string> = new Map([
  ['token', 'The token is revoked. Whatever used it is refused from now on.'],
  ['application', 'The approval is taken back. The application has to ask you again.'],
])
const shownBefore =
  'The text of a new token is shown once, and this one has been. If you did not keep it, revoke the token and make another.'

interface Made {
  readonly text: string
  readonly note: string
}

interface TokenPage {
  readonly given?: Given
  readonly errors?: TokenErrors
  /** Text of a token that has just been made: it is shown on this one answer. */
  readonly made?: Made
  readonly notice?: string
  readonly status?: number
}

/** A person's own tokens: list, make, revoke; and the applications that they have let know who they are. */
export function mountTokenPage(app: WebApp, room: WebRoom): void {
  const { paths, people, now } = room
  const fresh = openOneTimeDisplay<Made>(now)
  // Of this browser alone: another one of the same person, or one that learns the address, sees nothing.
  const keyOf = (c: WebContext, id: string): string => `${userOf(c).id} ${c.get('visit').signIn?.id ?? ''} ${id}`

  app.get(paths.tokens, (c) => {
    mustHold(c, 'read:tokens')
    const { made: id, ...filled } = c.req.query()
    if (id === undefined) return show(c, room, { given: readGiven(filled) })
    // The script's look at what has changed does not use the one time up.
    const made = c.get('visit').isFragment ? null : fresh.take(keyOf(c, id))
    return show(c, room, made === null ? { notice: shownBefore } : { made })
  })

  app.post(paths.tokens, async (c) => {
    mustHold(c, 'tokens')
    const user = userOf(c)
    const request = readRequest(await formOf(c), room.settings.longestTokenSeconds, now())
    if ('errors' in request) return show(c, room, { ...request, status: 422 })
    const { given, scopes, expiresAt } = request
    try {
      const { token, text } = await people.createToken(
        user,
        { scopes, note: given.note, expiresAt },
        c.get('visit').scopes,
      )
      const until = expiresAt === null ? 'never expires' : `expires ${new Date(expiresAt).toISOString()}`
      await record(c, room, { action: 'token-created', object: user.name, detail: `a${token.id}, ${until}` })
      // A page that is loaded again must not make another token: the answer to the form is an address, which names the token only.
      fresh.put(keyOf(c, `a${token.id}`), { text, note: token.note })
      return c.redirect(`${paths.tokens}?made=a${token.id}`, 303)
    } catch (error) {
      if (!(error instanceof BatchwayError) || error.field !== 'scopes') throw error
      return show(c, room, { given, errors: { scopes: error.message }, status: 422 })
    }
  })

  app.post(`${paths.tokens}/:id/revoke`, async (c) => {
    mustHold(c, 'tokens')
    const user = userOf(c)
    const id = c.req.param('id')
    const found = (await people.describeTokens(user)).find(({ token }) => String(token.id) === id)
    // What a session’s own token is good for ends with the session; taking it away would only break the session.
    if (found === undefined || found.token.kind === 'server' || !(await people.revokeToken(user.id, found.token.id)))
      throw new BatchwayError('not_found', 'There is no such token. It may have been revoked already.')
    const { kind, clientId } = found.token
    const detail = `a${found.token.id}${clientId === null ? '' : ` of ${clientId}`}`
    await record(c, room, { action: 'token-revoked', object: user.name, detail })
    return c.redirect(`${paths.tokens}?done=${kind === 'oauth' ? 'application' : 'token'}`, 303)
  })
}

/** The form again, as it was sent: no token was made. */
export async function showSentToken(c: WebContext, room: WebRoom, problem: string): Promise<Response> {
  mustHold(c, 'read:tokens')
  return show(c, room, { given: readGiven(await formOf(c)), notice: problem, status: 403 })
}

/** @throws {BatchwayError} `forbidden` where the site has taken this right from everybody. */
function mustHold(c: WebContext, scope: 'tokens' | 'read:tokens'): void {
  const { name, groups } = userOf(c)
  if (!coversScopeText(c.get('visit').scopes, `${scope}!user=${name}`, () => groups))
    throw new BatchwayError('forbidden', 'Your site does not let you make tokens of your own.')
}

async function show(
  c: WebContext,
  room: WebRoom,
  { given = noToken, errors = {}, made, notice, status }: TokenPage,
): Promise<Response> {
  const { people, pages, paths, times, settings, now } = room
  const user = userOf(c)
  const lists = tokenLists(await people.describeTokens(user), times, paths, now())
  return pages.show(c, {
    template: 'token',
    title: 'Tokens',
    nav: 'tokens',
    status: status ?? 200,
    notice: notice ?? ((c.req.method === 'GET' && done.get(c.req.query('done') ?? '')) || null),
    data: {
      ...lists,
      made: made ?? null,
      given,
      errors,
      has_errors: Object.keys(errors).length > 0,
      expiries: expiryChoices(settings.longestTokenSeconds),
      rights: [...c.get('visit').scopes].sort(),
    },
  })
}
