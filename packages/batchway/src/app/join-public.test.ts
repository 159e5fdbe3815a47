import assert from 'node:assert/strict'
import { it } from 'node:test'
import { joinPublic } from './join-public.ts'
import { pageFigures } from './page-figures.ts'

it('what people and OAuth’s clients ask for is counted by name, sign-ins and sign-outs besides; the API counts itself', async () => {
  const seen: unknown[] = []
  const tell =
    (what: string) =>
    (...more: unknown[]) =>
      void seen.push([what, ...more])
  let at = 0
  const onPage = pageFigures('/lab/hub/', {
    observeRequest: ({ method, handler, status }) => void seen.push([method, handler, status]),
    timings: {
      proxy: tell('proxy'),
      checkedRoutes: tell('checked'),
      adopted: tell('adopted'),
      polled: tell('polled'),
      signIn: tell('sign-in'),
      signOut: tell('sign-out'),
      cspReport: tell('report'),
      statement: tell('statement'),
      called: tell('called'),
    },
  })
  const statuses: Record<string, number> = { '/lab/hub/login': 303, '/lab/hub/login/link': 403, '/lab/hub/logout': 302 }
  const app = joinPublic({
    base: '/lab/',
    api: { fetch: async () => new Response('api') },
    web: { fetch: async (request) => new Response(null, { status: statuses[new URL(request.url).pathname] ?? 200 }) },
    follow: undefined,
    onPage,
    now: () => (at += 4),
  })
  const ask = async (method: string, path: string) =>
    app.fetch(new Request(`https://hub.example${path}`, { method }), {})
  await ask('GET', '/lab/hub/api/user')
  await ask('GET', '/lab/hub/metrics')
  await ask('POST', '/lab/hub/api/oauth2/token')
  await ask('GET', '/lab/hub/home')
  await ask('GET', '/lab/user/alice/secret')
  await ask('POST', '/lab/hub/login')
  await ask('POST', '/lab/hub/login/link')
  await ask('GET', '/lab/hub/logout')
  await ask('POST', '/lab/hub/security/csp-report')
  assert.deepEqual(seen, [
    ['POST', 'api/oauth2/token', 200],
    ['GET', 'page/home', 200],
    ['GET', 'page', 200],
    ['POST', 'page/login', 303],
    ['sign-in', true, 4],
    ['POST', 'page/login', 403],
    ['sign-in', false, 4],
    ['GET', 'page/logout', 302],
    ['sign-out', 4],
    ['POST', 'page/security', 200],
    ['report'],
  ])
})
