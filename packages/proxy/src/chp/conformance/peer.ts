/** The real configurable-http-proxy 5.3.0. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Address } from '../../address.ts'
import { portOf, until } from '../../testing.ts'
import type { Group } from './row.ts'
import type { StartedSite } from './start-ours.ts'
import { Site, token, type World } from './world.ts'

const bench = join(import.meta.dirname, '../../../../../testbench')

/** Its command. The stage of the tests has installed it; for a single file it is looked for where that puts it. */
const peerCommand = (): string =>
  process.env.TEST_CHP ?? execFileSync(join(bench, 'chp-up.sh'), { encoding: 'utf8' }).trim()

/** It takes no free port by itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

export interface PeerOutcome {
  readonly code: number | null
  readonly words: string
}

/** Run it to its end. */
export async function runPeer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<PeerOutcome> {
  const child = spawn(process.execPath, [peerCommand(), ...args], {
    env: { ...env, CONFIGPROXY_AUTH_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let words = ''
  child.stdout.on('data', (chunk) => {
    words += chunk
  })
  child.stderr.on('data', (chunk) => {
    words += chunk
  })
  const [code] = await once(child, 'close')
  return { code, words }
}

export async function startPeer(group: Group, world: World): Promise<StartedSite> {
  const tcp = async (): Promise<Address & { kind: 'tcp' }> => ({
    kind: 'tcp',
    host: '127.0.0.1',
    port: await freePort(),
  })
  const [front, api, metrics, redirect] = [await tcp(), await tcp(), await tcp(), await tcp()]
  const given = group.options(world).map((word) => {
    if (word === 'PORT') return String(metrics.port)
    return word === 'REDIRECT' ? String(redirect.port) : word
  })
  const socketOf = (name: string, other: Address): Address => {
    const path = given[given.indexOf(name) + 1]
    return given.includes(name) && path !== undefined ? { kind: 'unix', path } : other
  }
  const side = given.includes('--socket') ? [] : ['--ip=127.0.0.1', `--port=${front.port}`]
  const child = spawn(
    process.execPath,
    [peerCommand(), ...side, '--api-ip=127.0.0.1', `--api-port=${api.port}`, ...given],
    { env: { ...group.env, CONFIGPROXY_AUTH_TOKEN: token }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let words = ''
  child.stdout.on('data', (chunk) => {
    words += chunk
  })
  child.stderr.on('data', (chunk) => {
    words += chunk
  })
  const places = {
    front: socketOf('--socket', front),
    api: socketOf('--api-socket', api),
    metrics: socketOf('--metrics-socket', metrics),
    redirect,
  }
  const site = new Site(world, places, group.apiTls?.(world))
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`configurable-http-proxy ended: ${words}`)
      return (await site.call('GET', '/api/routes')).startsWith('200')
    }, 'configurable-http-proxy')
  } catch (error) {
    await end()
    throw error
  }
  return Object.assign(site, { [Symbol.asyncDispose]: end })
}
