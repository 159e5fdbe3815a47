/** Requests and answers with mistakes through a proxy of its own: does it live, forget nothing, keep apart what belongs to different people? */
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { headOf, readResponses } from '../../packages/proxy/src/conformance/messages.ts'
import { openControlClient } from '../../packages/proxy/src/control-client.ts'
import { openRandom, type Random } from '../e2e/support/random.ts'
import { until } from '../e2e/support/until.ts'
import { inspectable, openLiveHeap } from '../wire/live-heap.ts'
import { run } from '../wire/site.ts'
import { converse } from './converse.ts'
import { openFuzzApplication } from './fuzz-application.ts'
import { damage, markOf, readMark, softRequest } from './mutate.ts'

export interface FuzzOptions {
  /** Requests. */
  readonly count: number
  readonly seed: number
  /** Connections at once. */
  readonly atOnce: number
  /** Clients reach the application itself: what the proxy keeps apart is seen then. */
  readonly isDirect?: boolean
  readonly tell?: (figures: FuzzFigures) => void
}

export interface FuzzFigures {
  requests: number
  connections: number
  /** Requests that came to the application. */
  passed: number
  /** Of these, with trailers announced. */
  trailing: number
  seconds: number
  /** Answers by status; `cut` for those that ended early. */
  readonly answers: Record<string, number>
  /** Answers that belonged to another connection, or to a request before. */
  readonly foreign: string[]
  /** What a client got that is no answer. */
  readonly malformed: string[]
  /** What the application got that the proxy should not have sent. */
  readonly strange: string[]
  /** Connections that did not end when their client had nothing more to say. */
  readonly hung: string[]
  /** What the proxy wrote to its log as errors. */
  readonly errors: string[]
  isAlive: boolean
  readonly heapMiB: number[]
  readonly descriptors: number[]
  readonly residentMiB: number[]
}

/** What ends early tests less, and is no fault. */
const quietMs = 300
const endMs = 60_000

const answerHead =
  /^HTTP\/1\.1 [1-9]\d\d [\t\x20-\x7e\x80-\xff]*\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: ?[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/

export async function fuzz({ count, seed, atOnce, isDirect = false, tell }: FuzzOptions): Promise<FuzzFigures> {
  const random = openRandom(seed)
  await using undo = new AsyncDisposableStack()
  const application = undo.use(await openFuzzApplication(random, 0.25))
  const bin = new URL('../../packages/proxy/src/bin.ts', import.meta.url).pathname
  const options = ['--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--log-level', 'error']
  const proxy = await run('proxy', [process.execPath, '--conditions=source', bin, ...options], {
    ...process.env,
    ...inspectable,
    CONFIGPROXY_AUTH_TOKEN: 'token',
  })
  undo.defer(() => void proxy.child.kill('SIGKILL'))
  const port = isDirect ? application.port : Number(String(Object(proxy.said.listen)[0]).split(':').at(-1))
  const control = openControlClient({ address: String(proxy.said.control), token: 'token' })
  undo.defer(() => control.close())
  await control.addRoute('/', { target: `http://127.0.0.1:${application.port}` })

  const figures: FuzzFigures = {
    ...{ requests: 0, connections: 0, passed: 0, trailing: 0, seconds: 0, answers: {}, isAlive: true },
    ...{ foreign: [], malformed: [], strange: application.strange, hung: [], errors: [] },
    ...{ heapMiB: [], descriptors: [], residentMiB: [] },
  }
  const heap = await openLiveHeap(proxy)
  /** When all has come to rest: what is held then is held for good. */
  async function measure(): Promise<void> {
    application.letGo()
    const [first] = figures.descriptors
    if (first !== undefined) await until('what was opened is closed', () => proxy.descriptors() <= first + 2, 120_000)
    figures.heapMiB.push(await heap.measure())
    figures.descriptors.push(proxy.descriptors())
    figures.residentMiB.push(proxy.memoryMiB())
  }
  async function play(most: number): Promise<void> {
    const one = async () => {
      while (figures.requests < most && proxy.isAlive()) await connection(port, random, figures)
    }
    await Promise.all(Array.from({ length: atOnce }, one))
  }
  // What is opened once and kept, code and pools, is there after a few.
  await play(Math.min(2_000, count / 4))
  if (proxy.isAlive()) await measure()
  const startedAt = performance.now()
  for (let part = 1; part <= 10 && proxy.isAlive(); part += 1) {
    await play((count * part) / 10)
    figures.seconds = (performance.now() - startedAt) / 1_000
    figures.passed = application.count()
    figures.trailing = application.trailing()
    tell?.(figures)
  }
  figures.isAlive = proxy.isAlive()
  if (figures.isAlive) await measure()
  figures.errors.push(
    ...proxy.lines().filter((line) => /"level":"?(?:50|60|error|fatal)|unhandled|uncaught|^\s+at /i.test(line)),
  )
  return figures
}

/** Several requests on one connection, the last but one with mistakes. */
async function connection(port: number, random: Random, figures: FuzzFigures): Promise<void> {
  const id = ++figures.connections
  const isHard = random.next() < 0.7
  const soft = Array.from({ length: random.whole(isHard ? 0 : 5, 15) }, (_, index) =>
    softRequest(random, markOf(id, index)),
  )
  const hard = isHard ? damage(random, softRequest(random, markOf(id, soft.length)).bytes.replace(/^HEAD/, 'GET')) : ''
  const last = `GET /?n=${markOf(id, soft.length + 1)} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`
  const bytes = `${soft.map((each) => each.bytes).join('')}${hard}${last}`
  figures.requests += soft.length + (isHard ? 2 : 1)
  const text = await say(port, random, bytes, () => figures.hung.push(bytes))
  judge(
    text,
    id,
    soft.map(({ method }) => method),
    figures,
  )
}

function say(port: number, random: Random, bytes: string, onLate: () => void): Promise<string> {
  const cut = random.whole(0, bytes.length)
  const isWhole = random.next() < 0.6
  const speak = (socket: Socket): void => {
    socket.write(bytes.slice(0, isWhole ? bytes.length : cut), 'latin1')
    if (!isWhole) void pause(random.whole(0, 5)).then(() => socket.writable && socket.write(bytes.slice(cut), 'latin1'))
  }
  return converse(port, speak, { quietMs, endMs, onLate })
}

/** Every answer is well made, and belongs to this connection; those of later requests come later. */
function judge(text: string, id: number, methods: readonly string[], figures: FuzzFigures): void {
  const { messages, rest } = readResponses(text, [...methods, 'GET'], true)
  // Half a head is what a cut leaves.
  if (rest !== '' && headOf(rest) !== null) figures.malformed.push(text)
  let before = -1
  for (const message of messages) {
    const head = headOf(message.text) ?? ''
    const status = message.isWhole ? head.slice(9, 12) : 'cut'
    figures.answers[status] = (figures.answers[status] ?? 0) + 1
    if (!answerHead.test(head)) figures.malformed.push(text)
    const mark = readMark(/\r\nX-Mark: ([^\r]*)/.exec(head)?.[1] ?? '')
    if (mark === null) continue
    if (mark.connection !== id || mark.index < before) figures.foreign.push(text)
    before = mark.index
  }
}
