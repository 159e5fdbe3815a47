/**
 * Pages by every kind of visitor: written by hand. That each page has a row is `web/guards.test.ts`'s to see; here are those that
 * a right over others opens, on the gateway as it is. Cells: `+` done · `-` 403 · `0` 404 · `s` sent to the sign-in.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { base, openWorld, origin, type World } from './testing/authorisation-world.ts'

/** A token in a header is nobody to a page. The others are browsers. */
const visitors = ['nobody', 'a token', 'alice', 'bob', 'dana', 'erik', 'hana', 'sam', 'root-admin'] as const

// biome-ignore format: a table is read by its columns
const rows: readonly (readonly [request: string, status: number, cells: string])[] = [
  //                                            nobody, alice, bob, dana (physics), erik (art), hana (alice), sam (lab), admin
  ['GET home',                             200, 'ss + + ++++ +'],
  ['GET history',                          200, 'ss + + ++++ +'],
  ['GET announcements',                    200, 'ss + + ++++ +'],
  ['GET token',                            200, 'ss + + ++++ +'],
  ['GET spawn',                            200, 'ss + + ++++ +'],
  ['GET sessions/alicelab1',               200, 'ss + 0 +0++ +'],
  ['GET sessions/alicelab1/details.json',  200, 'ss + 0 +0++ +'],
  ['GET sessions/alicemain',               200, 'ss + 0 +0+0 +'],
  ['GET sessions/alicemain/details.json',  200, 'ss + 0 +0+0 +'],
  ['GET sessions/nosuchone',               200, 'ss 0 0 0000 0'],
  ['POST sessions/alicelab1/stop',         303, '-- + 0 +0++ +'],
  ['POST sessions/alicemain/stop',         303, '-- + 0 +0+0 +'],
  // Forms of nobody have no form token. Starting and renaming servers, revoking tokens: one's own alone, whatever else one may do.
  ['GET spawn/alice/new',                  200, 'ss + 0 0000 0'],
  ['GET spawn-pending/alice/lab',          200, 'ss + 0 0000 0'],
  ['GET servers/lab',                      200, 'ss + 0 0000 0'],
  ['POST servers/lab/rename',              422, '-- + 0 0000 0'],
  ['POST token/{token}/revoke',            303, '-- + 0 0000 0'],
  ['GET user/alice/api/status',            424, '-- + 0 +0+0 +'],
  ['GET user/alice/lab/api/status',        424, '-- + 0 +0++ +'],
  ['GET admin/sign-in?subject=carol',      200, 'ss - - ---- +'],
  ['GET admin/report',                     200, 'ss - - ---- +'],
  // dana, erik, hana and sam hold `admin-ui` with their filters: the page is JupyterHub's, and opens by the scope as it is.
  ['GET admin',                            200, 'ss - - ---- +'],
  ['GET admin/people.csv',                 200, 'ss - - ---- +'],
  ['GET admin/sessions.csv',               200, 'ss - - ---- +'],
  ['GET admin/audit',                      200, 'ss - - ---- +'],
  ['GET admin/audit.csv',                  200, 'ss - - ---- +'],
  ['GET admin/users/alice',                200, 'ss - - ---- +'],
  ['GET admin/users/nobody',               404, 'ss - - ---- +'],
  ['POST admin/users/alice/stop',          303, '-- - - ---- +'],
  ['POST admin/users/alice/start',         422, '-- - - ---- +'],
  ['POST admin/announcements',             422, '-- - - ---- +'],
  ['POST admin/announcements/monday/withdraw', 303, '-- - - ---- +'],
  ['POST admin/drains',                    422, '-- - - ---- +'],
  ['POST admin/drains/end',                303, '-- - - ---- +'],
]

async function visit(world: World, visitor: string, request: string) {
  const [method = '', path = ''] = request.split(' ')
  const isKnown = visitor !== 'nobody' && visitor !== 'a token'
  const browser = isKnown ? await world.browserOf(visitor) : { headers: {}, xsrf: '' }
  const headers = new Headers({
    ...browser.headers,
    ...(visitor === 'a token' && { Authorization: `token ${world.tokenOf('alice')}` }),
    'Sec-Fetch-Mode': 'navigate',
    'Sec-Fetch-Site': 'same-origin',
    Accept: 'text/html',
  })
  const place = path.replace('{token}', world.names.token.slice(1))
  const body = method === 'POST' ? new URLSearchParams({ _xsrf: browser.xsrf }) : undefined
  const asked = new Request(`${origin}${base}hub/${place}`, { method, headers, ...(body && { body }) })
  const response = await world.publicApp.fetch(asked)
  const to = response.headers.get('location') ?? ''
  await response.body?.cancel()
  return { status: response.status, isSentToSignIn: to.startsWith(`${base}hub/login`) }
}

describe('pages that a right over others opens', () => {
  for (const [request, status, cells] of rows)
    it(request, async () => {
      const letters = [...cells.replaceAll(' ', '')]
      assert.equal(letters.length, visitors.length)
      const wrong: string[] = []
      for (const [at, visitor] of visitors.entries()) {
        await using world = await openWorld()
        const got = await visit(world, visitor, request)
        const letter = letters[at] ?? ''
        const want = { '+': status, '-': 403, '0': 404, s: 303 }[letter]
        if (got.status !== want) wrong.push(`${visitor}: ${got.status}, not ${want}`)
        if (got.isSentToSignIn !== (letter === 's')) wrong.push(`${visitor} is sent elsewhere`)
      }
      assert.deepEqual(wrong, [])
    })
})
