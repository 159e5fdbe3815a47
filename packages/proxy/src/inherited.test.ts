import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { takeInherited } from './inherited.ts'
import { readyLines } from './testing/bin-process.ts'
import { testServer, token, until } from './testing.ts'

const [bin, activator] = ['./bin.ts', './testing/activator.py'].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
)

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** One request on a connection of its own. @returns the body of its answer, or the code of what went wrong. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (part) => {
      text += String(part)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve(/\r\n\r\n(.*)$/s.exec(text)?.[1] ?? 'nothing'))
    socket.write('GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  })
}

/** What the command says on standard error when it is handed a socket at one port. */
async function refusal(port: number, listen: readonly string[]): Promise<string> {
  const command = [process.execPath, '--conditions=source', bin ?? '', '--control', '127.0.0.1:0', ...listen]
  const child = spawn('python3', [activator ?? '', 'held', String(port), ...command], {
    env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: token },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  let words = ''
  child.stderr?.on('data', (part) => {
    words += String(part)
  })
  await until(() => words.includes('\n'), 'the reason')
  child.stdin?.end()
  await ended
  return words
}

/** Restart the command so often under steady load. @returns how many requests came to which end. */
async function restarts(how: 'held' | 'own', times: number): Promise<ReadonlyMap<string, number>> {
  await using app = await testServer((_, response) => setTimeout(() => response.end('served'), 20))
  const port = await freePort()
  const options = ['--listen', `127.0.0.1:${port}`, '--control', '127.0.0.1:0', '--default-target']
  const command = [process.execPath, '--conditions=source', bin ?? '', ...options, `http://127.0.0.1:${app.port}`]
  const child = spawn('python3', [activator ?? '', how, String(port), ...command], {
    env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: token },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ready = readyLines(child)
  const ends = new Map<string, number>()
  try {
    await until(() => ready.length === 1, 'the first start')
    const under = new Set<Promise<void>>()
    const load = setInterval(() => {
      const asked = ask(port).then((end) => {
        ends.set(end, (ends.get(end) ?? 0) + 1)
        under.delete(asked)
      })
      under.add(asked)
    }, 10)
    for (let time = 1; time <= times; time += 1) {
      process.kill(ready.at(-1)?.pid ?? 0, 'SIGTERM')
      await until(() => ready.length === time + 1, 'the next start')
      const served = ends.get('served') ?? 0
      await until(() => (ends.get('served') ?? 0) > served + 10, 'requests to be served again')
    }
    clearInterval(load)
    await Promise.all(under)
  } finally {
    const ended = once(child, 'exit')
    child.stdin?.end()
    await ended
  }
  return ends
}

describe('a listening socket that somebody else holds', () => {
  it('stays open while the proxy is started anew five times: no request under steady load is refused or lost', async () => {
    const ends = await restarts('held', 5)
    assert.deepEqual([...ends.keys()], ['served'], JSON.stringify([...ends]))
  })
  it('is what makes the difference: with a socket of its own connections are refused meanwhile', async () => {
    const ends = await restarts('own', 1)
    assert.ok((ends.get('ECONNREFUSED') ?? 0) > 0, JSON.stringify([...ends]))
  })

  it('is not taken for another one: the start ends with what differs', async () => {
    const [port, other] = [await freePort(), await freePort()]
    const at = (address: string) => ['--listen', address]
    for (const [listen, words] of [
      [at(`127.0.0.1:${other}`), `listens on 127.0.0.1:${port} in place of 127.0.0.1:${other}: make it anew`],
      [at(`127.0.0.2:${port}`), `listens on 127.0.0.1:${port} in place of 127.0.0.2:${port}`],
      [at('unix:/tmp/no.sock'), `listens on 127.0.0.1:${port} in place of unix:/tmp/no.sock`],
      [[...at(`127.0.0.1:${port}`), ...at(`127.0.0.1:${other}`)], 'hands over 1 sockets, and 2 are to listen'],
    ] as const)
      assert.ok((await refusal(port, listen)).includes(words), words)
  })

  it('is told by LISTEN_FDS to the process of LISTEN_PID alone, and to nobody after it', () => {
    const environment = (more: NodeJS.ProcessEnv) => ({ LISTEN_FDNAMES: 'a:b', HOME: '/', ...more })
    const mine = environment({ LISTEN_PID: '7', LISTEN_FDS: '2' })
    assert.deepEqual([takeInherited(mine, 7), mine], [[3, 4], { HOME: '/' }])
    for (const more of [
      {},
      { LISTEN_PID: '8', LISTEN_FDS: '2' },
      { LISTEN_FDS: '2' },
      { LISTEN_PID: '7', LISTEN_FDS: 'x' },
    ])
      assert.deepEqual(takeInherited(environment(more), 7), [])
  })
})
