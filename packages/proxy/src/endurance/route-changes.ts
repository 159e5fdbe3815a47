/** Routes that change while requests run: each goes from target to target and away, and every answer must come from where it then led. */
import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlClient } from '../control-client.ts'
import { type TestServer, testServer } from '../testing.ts'

export interface ChangesOptions {
  /** A client has ten connections, and a change waits until it is on the disk: a thousand a second want several. */
  readonly clients: readonly ControlClient[]
  readonly port: number
  /** At least so long, and until there is enough to judge by: at most a minute more. */
  readonly milliseconds: number
  /** Changes that are aimed at in a second. */
  readonly rate: number
  /** The control: every so many changes the proxy is not told of one, and this look must find out. Default: never. */
  readonly forgetEvery?: number
  readonly random: () => number
}

export interface ChangesFound {
  readonly changes: number
  readonly changesPerSecond: number
  readonly requests: number
  /** Requests during which their route did not change, so that one answer alone is right. */
  readonly certain: number
  /** `path: got X, allowed Y`, for each answer of a target that the path did not lead to. */
  readonly stale: readonly string[]
}

/** Where a path led to, by number of change: `null` is nowhere. */
interface Path {
  readonly name: string
  readonly history: (number | null)[]
  /** The last change that the proxy has confirmed, and the last that it was asked for. */
  confirmed: number
  isChanging: boolean
}

const targets = 8
const pathCount = 400
const changers = 40
const readers = 16
/** Changes, and answers that only one target could give. */
export const enough = 200

export async function changeRoutes(options: ChangesOptions): Promise<ChangesFound> {
  const { clients, port, random } = options
  await using all = new AsyncDisposableStack()
  const servers: TestServer[] = []
  for (let number = 0; number < targets; number += 1)
    servers.push(all.use(await testServer((_request, response) => response.end(String(number)))))
  const paths: Path[] = Array.from({ length: pathCount }, (_, index) => ({
    name: `/user/u${index}`,
    history: [null],
    confirmed: 0,
    isChanging: false,
  }))
  const pick = (): Path => paths[Math.floor(random() * pathCount)] as Path
  const agent = new http.Agent({ keepAlive: true, maxSockets: readers })
  all.defer(() => agent.destroy())
  const begun = performance.now()
  let [changes, requests, certain] = [0, 0, 0]
  const isOver = (): boolean => {
    const beyond = performance.now() - begun - options.milliseconds
    return beyond > (changes < enough || certain < enough ? 60_000 : 0)
  }
  const stale: string[] = []

  async function change(client: ControlClient): Promise<void> {
    let path = pick()
    // There are many more of them than changers.
    while (path.isChanging) path = pick()
    path.isChanging = true
    const next = random() < 0.1 ? null : Math.floor(random() * targets)
    path.history.push(next)
    changes += 1
    if (changes % (options.forgetEvery ?? Number.POSITIVE_INFINITY) !== 0) {
      if (next === null) await client.removeRoute(path.name)
      else await client.addRoute(path.name, { target: `http://127.0.0.1:${servers[next]?.port}` })
    }
    path.confirmed = path.history.length - 1
    path.isChanging = false
  }

  /** Each changer keeps its own pace, so that together they reach the rate. */
  async function changeOften(client: ControlClient): Promise<void> {
    const paceMs = (1_000 * changers) / options.rate
    for (let count = 1; !isOver(); count += 1) {
      await change(client)
      const behind = begun + count * paceMs - performance.now()
      if (behind > 1) await sleep(behind)
    }
  }

  async function askOften(): Promise<void> {
    while (!isOver()) {
      const path = pick()
      const from = path.confirmed
      const got = await ask(agent, port, path.name)
      const allowed = path.history.slice(from).map(answerOf)
      requests += 1
      if (allowed.length === 1) certain += 1
      if (!allowed.includes(got)) stale.push(`${path.name}: got ${got}, allowed ${allowed}`)
    }
  }

  await Promise.all([
    ...Array.from({ length: changers }, (_, number) => changeOften(clients[number % clients.length] as ControlClient)),
    ...Array.from({ length: readers }, askOften),
  ])
  const changesPerSecond = Math.round((1_000 * changes) / (performance.now() - begun))
  return { changes, changesPerSecond, requests, certain, stale }
}

const answerOf = (target: number | null): string => (target === null ? '404' : `200 ${target}`)

function ask(agent: http.Agent, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ agent, host: '127.0.0.1', port, path }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const { statusCode } = response
        resolve(statusCode === 200 ? `200 ${Buffer.concat(chunks)}` : String(statusCode))
      })
    })
    request.once('error', reject)
  })
}
