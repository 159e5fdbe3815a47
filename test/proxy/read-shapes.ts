/**
 * Writes what each server makes of each shape, with nothing before it, and what passes the proxy, to `readings.json` beside this file:
 * `node_modules/.bin/node --conditions=source test/proxy/read-shapes.ts`, and then `npm run gen`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { testProxy } from '../../packages/proxy/src/testing.ts'
import { send } from './same-meaning.ts'
import { shapes } from './shapes.ts'
import { openUpstream, type UpstreamName, upstreamNames } from './upstreams.ts'

const python = (code: string): string => execFileSync('/usr/bin/python3', ['-c', code], { encoding: 'utf8' }).trim()
const versions: Readonly<Record<UpstreamName, string>> = {
  node: `Node ${process.versions.node}`,
  nginx: String(spawnSync('/usr/sbin/nginx', ['-v'], { encoding: 'utf8' }).stderr)
    .trim()
    .replace('nginx version: ', ''),
  python: python('import platform; print("Python " + platform.python_version() + ", http.server")'),
  tornado: python('import tornado; print("Tornado " + tornado.version)'),
}

/** In words, from what was read before the request behind the shape. */
function wordsFor(seen: readonly string[]): string {
  const isRefused = seen.some((each) => each.startsWith('? '))
  const hasShape = seen.some((each) => /\/shape|\/sh/.test(each) && !each.startsWith('? '))
  const hasHidden = seen.includes('GET /hidden')
  const hasLast = seen.includes('GET /last')
  const parts = [
    ...(hasShape ? ['one request'] : []),
    ...(hasHidden ? ['the hidden one'] : []),
    ...(isRefused ? ['refused'] : []),
  ]
  if (parts.length === 0) return 'refused'
  return `${parts.join(', ')}${hasLast || isRefused ? '' : ', no more'}`
}

interface Place {
  readonly port: number
  readonly seen: () => readonly string[]
}
/** A new place for each shape: Tornado does not come back from one of them. */
async function read(open: (stack: AsyncDisposableStack) => Promise<Place>): Promise<Record<string, string>> {
  const words: Record<string, string> = {}
  for (const { name, bytes } of shapes) {
    await using stack = new AsyncDisposableStack()
    const { port, seen } = await open(stack)
    await send(port, bytes, 700)
    await pause(100)
    words[name] = wordsFor(seen())
  }
  return words
}

const direct = (name: UpstreamName) => (stack: AsyncDisposableStack) =>
  openUpstream(name).then((each) => stack.use(each))
async function proxied(stack: AsyncDisposableStack): Promise<Place> {
  const upstream = stack.use(await openUpstream('node'))
  const proxy = stack.use(await testProxy())
  await proxy.client.addRoute('/', { target: `http://127.0.0.1:${upstream.port}` })
  return { port: proxy.port, seen: upstream.seen }
}
const readings = Object.fromEntries(
  await Promise.all([
    ...upstreamNames.map(async (name) => [name, await read(direct(name))] as const),
    read(proxied).then((ours) => ['ours', ours] as const),
  ]),
)
writeFileSync(join(import.meta.dirname, 'readings.json'), `${JSON.stringify({ versions, readings }, null, 2)}\n`)
