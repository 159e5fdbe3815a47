import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openControlClient } from './control-client.ts'
import { helpText } from './options.ts'
import { anywhere, start, started } from './testing/bin-process.ts'
import { psk, temporaryFolder, testServer, token, until } from './testing.ts'

async function outcome(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out, err }
}

/** Containers often come without it. */
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

describe('batchway-proxy', () => {
  it('keeps all routes over kill -9, keys included, and none of its output or command line shows a secret', async () => {
    await using folder = await temporaryFolder()
    await using agent = await testServer((_, response) => response.end('mine'), psk)
    const control = `unix:${join(folder.path, 'control.sock')}`
    const args = [
      '--listen',
      '127.0.0.1:0',
      ...(hasIpv6 ? ['--listen', '[::1]:0'] : []),
      '--control',
      control,
      '--snapshot',
      join(folder.path, 'routes.json'),
    ]
    using client = openControlClient({ address: control, token })
    const names = Array.from({ length: 40 }, (_, i) => `/user/u${i}`)
    let output = ''
    {
      await using first = await started(args)
      assert.deepEqual(
        first.listen.map((address) => address.replace(/\d+$/, 'N')),
        hasIpv6 ? ['127.0.0.1:N', '[::1]:N'] : ['127.0.0.1:N'],
      )
      for (const name of names)
        await client.addRoute(name, { target: `https://127.0.0.1:${agent.port}`, psk, user: name })
      output += first.lines.join('\n')
    } // killed
    await using second = await started(args)
    const routes = await client.listRoutes()
    assert.deepEqual([...routes.keys()], names)
    assert.equal(routes.get('/user/u7')?.user, '/user/u7')
    assert.equal(await (await fetch(`${second.url}/user/u7/`)).text(), 'mine')
    output += second.lines.join('\n')
    assert.ok(output.includes('route added'))
    for (const secret of [psk.key, token]) assert.ok(!output.includes(secret))
  })

  it('lets a running request finish on SIGTERM, takes no new one, closes WebSockets and exits 0', async () => {
    let finish = () => {}
    await using app = await testServer((_, response) => {
      response.write('begun ')
      finish = () => response.end('finished')
    })
    app.server.on('upgrade', (_, socket) =>
      socket.write('HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    )
    await using proxy = await started([...anywhere, '--default-target', `http://127.0.0.1:${app.port}`])
    const ws = net.connect(proxy.port, '127.0.0.1')
    ws.on('error', () => {})
    ws.write('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await once(ws, 'data')
    const response = await fetch(proxy.url)
    const exited = once(proxy.child, 'exit')
    proxy.child.kill('SIGTERM')
    await until(
      () =>
        fetch(`${proxy.url}/_chp_healthz`).then(
          () => false,
          () => true,
        ),
      'no new connections',
    )
    finish()
    assert.equal(await response.text(), 'begun finished')
    assert.deepEqual(await exited, [0, null])
    await until(() => ws.destroyed || ws.readableEnded, 'the WebSocket to close')
  })

  it('does not wait for ever: the drain has a limit, and a second signal kills', async () => {
    await using app = await testServer((_, response) => {
      response.write('never ends')
    })
    for (const signals of [1, 2]) {
      await using proxy = await started([
        ...anywhere,
        '--default-target',
        `http://127.0.0.1:${app.port}`,
        '--drain-seconds',
        signals === 1 ? '0' : '600',
      ])
      const response = await fetch(proxy.url)
      const exited = once(proxy.child, 'exit')
      proxy.child.kill('SIGTERM')
      await until(() => proxy.lines.some((line) => line.includes('"stopping"')), 'the first signal to be seen')
      // Of another kind: Ctrl-C after a stop that takes long.
      if (signals === 2) proxy.child.kill('SIGINT')
      assert.deepEqual(await exited, signals === 1 ? [0, null] : [null, 'SIGINT'])
      await assert.rejects(response.text())
    }
  })

  it('goes on when whoever read its output is gone', async () => {
    await using proxy = await started(anywhere)
    proxy.child.stdout?.destroy()
    using client = openControlClient({ address: proxy.control, token })
    for (let i = 0; i < 20; i += 1) await client.addRoute(`/a${i}`, { target: 'http://127.0.0.1:9' })
    assert.equal((await client.listRoutes()).size, 20)
  })

  it('refuses to start without a token, with a token file others can read, and with an empty one', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'token')
    await writeFile(file, `${token}\n`, { mode: 0o644 })
    const loose = await outcome(start([...anywhere, '--control-token-file', file], {}))
    assert.equal(loose.code, 1)
    assert.match(loose.err, /chmod 600/)
    assert.ok(!loose.err.includes(token))
    const none = await outcome(start(anywhere, {}))
    assert.deepEqual([none.code, none.out], [1, ''])
    assert.match(none.err, /no control token/)
    const empty = join(folder.path, 'empty')
    await writeFile(empty, '\n', { mode: 0o600 })
    assert.equal((await outcome(start([...anywhere, '--control-token-file', empty], {}))).code, 1)
    const good = join(folder.path, 'good')
    await writeFile(good, `${token}\n`, { mode: 0o600 })
    await using proxy = await started([...anywhere, '--control-token-file', good], {})
    using client = openControlClient({ address: proxy.control, token })
    assert.equal(await client.healthy(), true)
  })

  it('takes over the socket file of a killed process, but not of a living one', async () => {
    await using folder = await temporaryFolder()
    const args = [
      '--listen',
      `unix:${join(folder.path, 'front.sock')}`,
      '--control',
      `unix:${join(folder.path, 'control.sock')}`,
    ]
    {
      await using living = await started(args)
      assert.equal((await outcome(start(args))).code, 1)
      assert.equal(living.child.exitCode, null)
    }
    await using next = await started(args)
    assert.deepEqual(next.listen, [args[1]])
  })

  it('explains itself, and says in one line what it does not understand', async () => {
    const help = await outcome(start(['--help'], {}))
    assert.deepEqual([help.code, help.out], [0, helpText()])
    const wrong = await outcome(start(['--nonsense']))
    assert.equal(wrong.code, 1)
    assert.match(wrong.err, /^batchway-proxy: .*--nonsense.*\n$/)
  })
})
