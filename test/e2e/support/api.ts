/** The sessions of a person as the REST API tells them. */
import assert from 'node:assert/strict'
import type { BrowserContext } from 'playwright-core'
import type { SessionView } from '../../../packages/batchway/src/api/session-view.ts'
import type { Site } from './site.ts'
import { until } from './until.ts'

export type { SessionView }

export async function sessionsOf(context: BrowserContext, site: Site, user: string): Promise<SessionView[]> {
  // Whoever comes with a cookie shows the form token too, even to read.
  const cookies = await context.cookies(`${site.url}hub/`)
  const token = cookies.find(({ name, path }) => name === '_xsrf' && path === `${site.base}hub/`)?.value ?? ''
  const headers = { 'X-XSRFToken': token }
  const answer = await context.request.get(`${site.url}hub/api/users/${user}/sessions?limit=200`, { headers })
  assert.equal(answer.status(), 200, await answer.text())
  const { items }: { items: SessionView[] } = await answer.json()
  return items
}

/** The newest session of a server. @throws {Error} if it never had one. */
export async function sessionOf(
  context: BrowserContext,
  site: Site,
  user: string,
  server: string,
): Promise<SessionView> {
  const found = (await sessionsOf(context, site, user)).find((session) => session.server === server)
  if (!found) throw new Error(`${user} has no session of the server "${server}"`)
  return found
}

export async function untilState(
  context: BrowserContext,
  site: Site,
  user: string,
  server: string,
  state: SessionView['state'],
  limitMs = 60_000,
): Promise<SessionView> {
  let last: SessionView | undefined
  try {
    return await until(
      `${server} is ${state}`,
      async () => {
        last = await sessionOf(context, site, user, server)
        return last.state === state ? last : null
      },
      limitMs,
    )
  } catch (error) {
    throw new Error(`${server} is not ${state} but ${JSON.stringify(last)}`, { cause: error })
  }
}
