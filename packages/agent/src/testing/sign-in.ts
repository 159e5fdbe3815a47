import { ask } from './agent-bench.ts'
import type { FakeHub } from './fake-hub.ts'

const navigate = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }

/** Walk a browser's way up to the callback: the page asked for, the hub's authorize endpoint, not yet the way back. */
export async function signInAt(
  hub: FakeHub,
  port: number,
  path: string,
  token: string,
): Promise<{ callback: string; stateCookie: string }> {
  const away = await ask(hub, port, path, { headers: navigate })
  const authorize = new URL(away.location, hub.url)
  const answer = await fetch(authorize, { redirect: 'manual', headers: { 'x-as': token } })
  return { callback: answer.headers.get('location') ?? '', stateCookie: away.cookies.join('; ') }
}

/** The whole way. `cookie` is what the browser then holds. */
export async function signIn(hub: FakeHub, port: number, path: string, token: string) {
  const { callback, stateCookie } = await signInAt(hub, port, path, token)
  const last = await ask(hub, port, callback, { headers: { ...navigate, cookie: stateCookie } })
  return { last, cookie: last.cookies.filter((cookie) => !/=(""|)$/.test(cookie)).join('; ') }
}
