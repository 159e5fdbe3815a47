/** All that applications do to a proxy, good and bad, at once, for as long as is wished: every stream is checked byte by byte. */
import { createHash, randomBytes } from 'node:crypto'
import http from 'node:http'
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Readable } from 'node:stream'
import type { ControlClient } from '../control-client.ts'
import { openMoodyApplication, streamOf } from './moody-application.ts'

export interface LoadOptions {
  readonly client: ControlClient
  readonly port: number
  readonly milliseconds: number
  readonly random: () => number
  /** Called now and then, with what has been done so far. */
  readonly onPause?: (found: LoadFound) => void
}

export interface LoadFound {
  /** How often each kind of exchange came to the end that it must have. */
  readonly done: Readonly<Record<string, number>>
  /** What came to another end, in words: a wrong checksum, a cut stream that looked whole, a refusal where none is due. */
  readonly wrong: readonly string[]
}

type Kind = (around: Around) => Promise<string | null>

interface Around {
  readonly port: number
  readonly agent: http.Agent
  readonly random: () => number
}

const workers = 24

/** Until the time is over, each worker does one thing after the other. The proxy's routes `/app` and `/dying` are made here, and removed. */
export async function runMixedLoad(options: LoadOptions): Promise<LoadFound> {
  const { client, port, random } = options
  await using steady = await openMoodyApplication()
  await using dying = await openMoodyApplication()
  await client.addRoute('/app', { target: steady.target })
  await client.addRoute('/dying', { target: dying.target })
  const agent = new http.Agent({ keepAlive: true, maxSockets: workers })
  const done: Record<string, number> = {}
  const wrong: string[] = []
  const begun = performance.now()
  const isOver = (): boolean => performance.now() - begun > options.milliseconds

  async function work(): Promise<void> {
    while (!isOver() && wrong.length < 100) {
      const [name, kind] = kinds[Math.floor(random() * kinds.length)] as (typeof kinds)[number]
      const fault = await kind({ port, agent, random }).catch((error: unknown) => String(error))
      done[name] = (done[name] ?? 0) + 1
      if (fault !== null) wrong.push(`${name}: ${fault}`)
    }
  }
  const kill = setInterval(() => dying.resetAll(), 250)
  const tell = setInterval(() => options.onPause?.({ done, wrong }), 5_000)
  try {
    await Promise.all(Array.from({ length: workers }, work))
  } finally {
    clearInterval(kill)
    clearInterval(tell)
    agent.destroy()
    await client.removeRoute('/app')
    await client.removeRoute('/dying')
  }
  return { done, wrong }
}

interface Answer {
  readonly status: number
  readonly sum: string
  readonly size: number
  /** Cut off before its end. */
  readonly isCut: boolean
}

const cut: Answer = { status: 0, sum: '', size: 0, isCut: true }

/** @param patience ms after which we go away ourselves. */
function ask(
  { port, agent }: Around,
  path: string,
  { method = 'GET', body, patience }: { method?: string; body?: Readable; patience?: number } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, agent }, (response) => {
      const hash = createHash('sha1')
      let size = 0
      response.on('data', (chunk: Buffer) => {
        hash.update(chunk)
        size += chunk.length
      })
      response.once('error', () => {})
      response.once('close', () => {
        const status = response.statusCode ?? 0
        resolve({ status, sum: hash.digest('hex'), size, isCut: !response.complete })
      })
    })
    request.once('error', () => resolve(cut))
    if (patience !== undefined) setTimeout(() => request.destroy(), patience).unref()
    if (body === undefined) request.end()
    else body.once('error', () => {}).pipe(request)
  })
}

const sizeFor = (random: () => number): number => Math.floor(10 ** (1 + 5.3 * random()))
const sumOf = (stream: Readable): Promise<string> =>
  new Promise((resolve) => {
    const hash = createHash('sha1')
    stream.on('data', (chunk: Buffer) => hash.update(chunk))
    stream.once('end', () => resolve(hash.digest('hex')))
  })

/** What the answer must be, if it claims to be whole. */
async function isAsSent(answer: Answer, seed: number, size: number, what: string): Promise<string | null> {
  if (answer.status !== 200 || answer.isCut) return `${what}: ${answer.status}, cut: ${answer.isCut}`
  return answer.sum === (await sumOf(streamOf(seed, size))) ? null : `${what}: other bytes than were sent`
}

const kinds: readonly (readonly [string, Kind])[] = [
  ...(['length', 'chunked', 'close'] as const).map((framing): readonly [string, Kind] => [
    `download by ${framing}`,
    async (around) => {
      const [seed, size] = [Math.floor(around.random() * 1e6), sizeFor(around.random)]
      const answer = await ask(around, `/app/down?seed=${seed}&size=${size}&framing=${framing}`)
      return isAsSent(answer, seed, size, `${size} bytes`)
    },
  ]),
  [
    'upload',
    async (around) => {
      const [seed, size] = [Math.floor(around.random() * 1e6), sizeFor(around.random)]
      const answer = await ask(around, '/app/up', { method: 'POST', body: streamOf(seed, size) })
      const expected = createHash('sha1')
        .update(await sumOf(streamOf(seed, size)))
        .digest('hex')
      return answer.sum === expected ? null : `${size} bytes: ${answer.status} ${answer.size}`
    },
  ],
  [
    'upload that is refused early',
    async (around) => {
      const answer = await ask(around, '/app/early', { method: 'POST', body: streamOf(1, 300_000) })
      // The kernel may drop the answer when more of the body meets a closed connection: then there was none.
      return answer.isCut || [413, 502, 503].includes(answer.status) ? null : `${answer.status}`
    },
  ],
  ...(['length', 'chunked'] as const).map((framing): readonly [string, Kind] => [
    `answer by ${framing} that breaks off`,
    async (around) => {
      const answer = await ask(around, `/app/broken?framing=${framing}`)
      return answer.isCut || answer.status === 502 ? null : `looked whole: ${answer.status}, ${answer.size} bytes`
    },
  ]),
  [
    'application that hangs, and a client that goes away',
    async (around) => {
      const answer = await ask(around, '/app/hang', { patience: 20 + 200 * around.random() })
      return answer.isCut ? null : `${answer.status}`
    },
  ],
  [
    'client that goes away in the middle of a download',
    async (around) => {
      await ask(around, '/app/down?seed=1&size=50000000&framing=length', { patience: 5 + 50 * around.random() })
      return null
    },
  ],
  [
    'application that dies',
    async (around) => {
      const [seed, size] = [Math.floor(around.random() * 1e6), 200_000]
      const answer = await ask(around, `/dying/down?seed=${seed}&size=${size}&framing=chunked`)
      if (answer.isCut || answer.status === 502 || answer.status === 503) return null
      return isAsSent(answer, seed, size, 'whole')
    },
  ],
  ['upgraded connection, ended in halves', (around) => echo(around, 'halves')],
  ['upgraded connection, cut by the client', (around) => echo(around, 'cut')],
]

/** Bytes through an upgraded connection and back; `halves`: we end first, and all must still come. */
function echo({ port, random }: Around, end: 'halves' | 'cut'): Promise<string | null> {
  return new Promise((resolve) => {
    const sent = randomBytes(Math.min(500_000, sizeFor(random)))
    const socket = net.connect(port, '127.0.0.1')
    const got: Buffer[] = []
    socket.on('data', (chunk: Buffer) => got.push(chunk))
    socket.once('error', () => {})
    socket.once('close', () => {
      if (end === 'cut') return resolve(null)
      const all = Buffer.concat(got)
      const start = all.indexOf('\r\n\r\n') + 4
      const isWhole = all.subarray(0, 12).toString() === 'HTTP/1.1 101' && all.subarray(start).equals(sent)
      resolve(
        isWhole ? null : `${all.length - start} of ${sent.length} bytes: ${all.subarray(0, 40).toString('latin1')}`,
      )
    })
    const key = randomBytes(16).toString('base64')
    socket.write(
      `GET /app/echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    )
    socket.once('data', () => {
      socket.write(sent)
      if (end === 'halves') socket.end()
      else setTimeout(() => socket.destroy(), 30 * random()).unref()
    })
  })
}
