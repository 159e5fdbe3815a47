/** The bench of the pages on a real socket, with the stream of state changes, for a real browser. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { cookieNames, parseCookies } from '../../core/cookies.ts'
import type { FakeSessions } from './fake-rooms.ts'
import { type Bench, type BenchOptions, webBench } from './web-bench.ts'

export interface LiveHub extends AsyncDisposable {
  readonly bench: Bench
  readonly origin: string
  /** Streams that are open now. */
  streams(): number
  /** What is known of the schedulers changes, and the streams say so. */
  setHealth(health: FakeSessions['health']): void
  /** Every stream ends, as that of a sign-in that is over. */
  endStreams(): void
  /** The hub goes away, and every stream with it: the proxy answers in its place. Or it comes back. */
  setAway(isAway: boolean): void
  /** What is announced has changed, and the streams say so. */
  tellAnnouncements(): void
}

/**
 * @param application what stands for users' applications below `{base}user/`, on the same origin; null = no route, the hub answers.
 * @param goesOn false: pages that go on by themselves stay, to be looked at.
 */
export async function liveHub(
  options: BenchOptions = {},
  application: ((request: Request) => Response | null) | null = null,
  { goesOn = true }: { readonly goesOn?: boolean } = {},
): Promise<LiveHub> {
  const bench = webBench({ now: Date.now, ...options })
  const { base } = bench.settings
  const healthNews = new Set<() => void>()
  const announcementNews = new Set<() => void>()
  let streams = 0
  let isAway = false
  const closers = new Set<() => void>()
  const endStreams = () => {
    for (const close of closers) close()
  }
  const root = new Hono()
  root.use(async (c, next) =>
    isAway ? c.html('<title>503</title><h1>Batchway does not answer</h1>', 503) : await next(),
  )
  root.get(`${base}hub/api/sessions/events`, async (c) => {
    const secret = parseCookies(c.req.header('cookie')).get(cookieNames.hubLogin)?.[0] ?? ''
    const caller = await bench.people.callerOfCookie(secret)
    if (caller.kind !== 'browser') return c.body(null, 403)
    const encoder = new TextEncoder()
    let stop = (): void => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        streams++
        controller.enqueue(encoder.encode('\n\nevent: snapshot\ndata: []\n\n'))
        const news = () => controller.enqueue(encoder.encode('event: cluster\ndata: {}\n\n'))
        healthNews.add(news)
        const announced = () => {
          const active = [...bench.sessions.rows.values()].filter(
            ({ userId, facts }) => userId === caller.user.id && facts.state !== 'ended',
          )
          const clusters = new Set(active.map(({ spec }) => spec.cluster))
          const ids = bench.announcements.of({ name: caller.user.name, clusters }).map(({ id }) => id)
          controller.enqueue(encoder.encode(`event: announcements\ndata: ${JSON.stringify({ ids })}\n\n`))
        }
        announcementNews.add(announced)
        // As the hub does: a stream that opens late misses nothing.
        if (bench.announcements.list().length > 0) announced()
        const unsubscribe = bench.sessions.subscribe(caller.user.id, ({ id, facts, version }) => {
          const data = JSON.stringify({ id, state: facts.state, version })
          controller.enqueue(encoder.encode(`event: session\ndata: ${data}\n\n`))
        })
        const close = () => {
          controller.close()
          streams--
          stop()
        }
        closers.add(close)
        stop = () => {
          closers.delete(close)
          healthNews.delete(news)
          announcementNews.delete(announced)
          unsubscribe()
        }
      },
      cancel() {
        streams--
        stop()
      },
    })
    return c.body(body, 200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  })
  root.all('*', async (c) => {
    const isApplication = new URL(c.req.url).pathname.startsWith(`${base}user/`)
    const answer = (isApplication ? application?.(c.req.raw) : null) ?? (await bench.app.fetch(c.req.raw))
    if (goesOn || !answer.headers.has('refresh')) return answer
    const staying = new Response(answer.body, answer)
    staying.headers.delete('refresh')
    return staying
  })
  const server = serve({ fetch: root.fetch, hostname: '127.0.0.1', port: 0 })
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    bench,
    origin: `http://127.0.0.1:${port}`,
    streams: () => streams,
    setHealth: (health) => {
      bench.sessions.health = health
      for (const news of healthNews) news()
    },
    endStreams,
    setAway: (nowAway) => {
      isAway = nowAway
      if (isAway) endStreams()
    },
    tellAnnouncements: () => {
      for (const news of announcementNews) news()
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
    },
  }
}
