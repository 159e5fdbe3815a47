import { BatchwayError } from '../core/errors.ts'
import { parseClaims, whoWords } from '../people/who.ts'
import type { WebApp, WebRoom } from './web-room.ts'

/** The scope that this page and its link ask for; the API's route asks for the same. */
export const whoScope = 'admin:users'
const longest = { subject: 1_000, claims: 8_000 }

/** For administrators: who somebody would be after signing in, and why. Nothing is changed. */
export function mountWhoPage(app: WebApp, room: WebRoom): void {
  app.get(room.paths.who, async (c) => {
    if (!c.get('visit').scopes.has(whoScope)) throw new BatchwayError('forbidden', 'This page is for administrators.')
    const subject = (c.req.query('subject') ?? '').trim().slice(0, longest.subject)
    const claims = (c.req.query('claims') ?? '').slice(0, longest.claims)
    const parsed = parseClaims(claims)
    const wrong = 'wrong' in parsed ? parsed.wrong : null
    const answer = subject === '' || 'wrong' in parsed ? null : await room.examineSignIn(subject, parsed.claims)
    return room.pages.show(c, {
      template: 'who',
      title: 'Check a sign-in',
      nav: 'admin',
      data: {
        subject,
        claims,
        wrong,
        answer: answer && { ...whoWords(answer), is_admitted: answer.examined.decision.kind === 'admitted' },
      },
    })
  })
}
