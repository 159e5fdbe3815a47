/**
 * Bytes that no client would send, to every listener of a real hub and a real proxy: each gets an answer or an end, and both live on.
 * `BATCHWAY_PROPERTY_RUNS` makes it longer, `BATCHWAY_TEST_SEED` repeats a run; both are printed.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { openControlClient } from '../../packages/proxy/src/control-client.ts'
import { openRandom } from '../e2e/support/random.ts'
import { until } from '../e2e/support/until.ts'
import { openNodeApp, openPythonApp, type Told } from './echo-apps.ts'
import { exchange, Malformed, type Place, readAnswers } from './exchange.ts'
import { faultOf } from './faults.ts'
import { placeholder, request, targetBelow, wire } from './grammar.ts'
import { openLiveHeap } from './live-heap.ts'
import { openWireSite, type WireSite } from './site.ts'

const { seed } = openRandom()
const runs = Number(process.env.BATCHWAY_PROPERTY_RUNS ?? 60)
/** Connections at once. */
const atOnce = 8
/** In use after a collection, more than before: caches, compiled code, limits for each name and address. */
const keptMiB = 12

describe('any bytes on the wire', () => {
  let site: WireSite
  const open = new AsyncDisposableStack()
  before(async () => {
    site = open.use(await openWireSite())
  })
  after(() => open.disposeAsync())

  for (const name of ['node', 'python'] as const)
    it(`reach an application on ${name} as the one request that the proxy read, or not at all`, async (t) => {
      const prefix = `/user/${name}`
      const mark = randomBytes(8).toString('hex')
      await using app = await (name === 'node' ? openNodeApp(mark) : openPythonApp(mark))
      const control = openControlClient({ address: addressOf(site.places.control), token: site.controlToken })
      await control.addRoute(prefix, { target: `http://127.0.0.1:${app.port}` })
      let sentAlready = 0
      let passed = 0
      await fc.assert(
        fc.asyncProperty(request(site, targetBelow(prefix)), async ({ bytes, methods, isComplete }) => {
          sentAlready += 1
          const text = bytes.replace(/[^\0-\xff]/g, '?').replace(placeholder, `n=${mark}-${sentAlready}`)
          const { answers } = await exchange(site.places.site, { bytes: text, methods, isComplete })
          const [answer] = answers
          if (answer?.headers.get('x-app') !== name || methods[0] === 'HEAD') return
          const told: Told = JSON.parse(answer.body)
          passed += 1
          assert.equal(`${told.method} ${told.target}`, text.split(' ').slice(0, 2).join(' '))
          assert.equal(told.times, 1, 'read more than once')
          assert.equal(told.strange, 0, 'something came through that was no request, or that nobody sent')
        }),
        { seed, numRuns: runs * 4 },
      )
      t.diagnostic(`seed ${seed}, ${runs * 4} requests, ${passed} answered by the application`)
      assert.ok(passed > runs / 4, 'enough came through')
      await control.removeRoute(prefix)
      control.close()
    })

  it('show what nobody sent, where a server passes on what it did not understand', async () => {
    for (const openApp of [openNodeApp, openPythonApp]) {
      await using app = await openApp('mark')
      const hidden = 'GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n'
      const last = 'GET /?mark HTTP/1.1\r\nHost: h\r\n\r\n'
      const sent = { bytes: hidden + last, methods: ['GET'], isComplete: true }
      const { answers } = await exchange({ port: app.port }, sent)
      const again = await exchange({ port: app.port }, { ...sent, bytes: last })
      const told: Told = JSON.parse((again.answers[0] ?? answers[0])?.body ?? '')
      assert.equal(told.strange, 1)
    }
  })

  it('get an answer or an end from every listener, and leave hub and proxy as they were', async (t) => {
    const places = Object.entries(site.places)
    const figures = new Map<string, number>()
    const count = (key: string) => figures.set(key, (figures.get(key) ?? 0) + 1)
    const some = fc.array(fc.tuple(fc.constantFrom(...places), wire(site)), { minLength: 1, maxLength: atOnce })
    const send = async (group: readonly (readonly [(typeof places)[number], Parameters<typeof faultOf>[0]])[]) => {
      await Promise.all(
        group.map(async ([[name, place], sent]) => {
          const outcome = await exchange(place, sent)
          assert.equal(faultOf(sent, outcome), null, `${name}: ${JSON.stringify(sent.bytes.slice(0, 2_000))}`)
          count(`${name} ${outcome.answers[0]?.status ?? outcome.ended}`)
          count('connections')
        }),
      )
      for (const program of site.programs)
        assert.ok(program.isAlive(), `${program.name} is dead:\n${program.lines().slice(-20).join('\n')}`)
    }
    const property = () => fc.asyncProperty(some, send)

    // What is opened once and kept (pools, caches, code) is open now.
    await fc.assert(property(), { seed: seed ^ 1, numRuns: 20, endOnFailure: true })
    const level = await Promise.all(
      site.programs.map(async (program) => {
        const heap = await openLiveHeap(program)
        const held = await heap.measure()
        return { program, heap, held, fds: program.descriptors(), memory: program.memoryMiB() }
      }),
    )
    await fc.assert(property(), { seed, numRuns: runs })

    for (const { program, heap, held, fds, memory } of level) {
      // The proxy keeps connections to the hub for a minute.
      await until(`${program.name} closes what it opened`, () => program.descriptors() <= fds + atOnce, 120_000)
      const descriptors = `descriptors ${fds} → ${program.descriptors()}`
      const resident = program.memoryMiB()
      const kept = (await heap.measure()) - held
      t.diagnostic(
        `${program.name}: ${descriptors}, memory ${memory.toFixed(0)} → ${resident.toFixed(0)} MiB, in use after a collection ${held.toFixed(1)} → ${(held + kept).toFixed(1)} MiB`,
      )
      assert.ok(kept < keptMiB, `${program.name} keeps ${kept.toFixed(1)} MiB of what was refused`)
      // What is kept would be seen.
      await heap.evaluate(`globalThis.kept = Array.from({ length: 2e6 }, Math.random)`)
      assert.ok((await heap.measure()) - held - kept > 14, 'two million numbers')
      await heap.evaluate('delete globalThis.kept')
    }
    t.diagnostic(
      `seed ${seed}: ${[...figures]
        .sort()
        .map((pair) => pair.join(': '))
        .join(', ')}`,
    )
    assert.deepEqual(site.programs.flatMap(troubles), [])
    for (const [name, place] of places) await assertServes(t, name, place)
  })

  async function assertServes(_: TestContext, name: string, place: Place): Promise<void> {
    const [token, path] = name === 'control' ? [site.controlToken, '/api/routes'] : [site.token, '/hub/api/user']
    const bytes = `GET ${path} HTTP/1.1\r\nHost: gateway.invalid\r\nAuthorization: token ${token}\r\n\r\n`
    const { answers } = await exchange(place, { bytes, methods: ['GET'], isComplete: true })
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200],
      name,
    )
  }
})

/** Lines of errors in a log, and what Node itself prints before it ends. */
const troubles = ({ name, lines }: WireSite['programs'][number]): string[] =>
  lines()
    .filter((line) => /"level":(50|60|"error")|unhandled|uncaught|^\s+at /i.test(line))
    .map((line) => `${name}: ${line.slice(0, 1_000)}`)

const addressOf = (place: Place): string => ('port' in place ? `127.0.0.1:${place.port}` : `unix:${place.path}`)

describe('the judge of answers', () => {
  const whole = { bytes: 'GET / HTTP/1.1\r\n\r\n', methods: ['GET'], isComplete: true }

  for (const [text, what] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok', 'two lengths'],
    ['HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n', 'a bare line feed in a header'],
    ['HTTP/1.1 999 No\r\n\r\n', 'a status that is none'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\nnot a chunk at all\r\n', 'a chunk that is none'],
    ['garbage\r\n\r\n', 'no status line'],
  ] as const)
    it(`does not take ${what} for an answer`, () => assert.throws(() => readAnswers(text, ['GET'], true), Malformed))

  it('finds failures, silence and lost answers', async () => {
    const tunnel = { bytes: 'CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n', methods: ['CONNECT'], isComplete: false }
    for (const [reply, fault, sent = whole] of [
      ['HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n', 'answered 500'],
      ['HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n', 'answered 501'],
      ['HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n', null, tunnel],
      ['HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n', null],
      ['', 'a whole request got no answer, but was closed'],
      [null, 'neither answered nor closed'],
    ] as const) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        if (reply !== null) socket.on('data', () => socket.end(reply))
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      assert.equal(faultOf(sent, await exchange({ port }, sent, reply === null ? 200 : undefined)), fault)
      server.close()
    }
  })
})
