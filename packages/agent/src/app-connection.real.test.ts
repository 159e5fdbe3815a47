/** What another user who takes a port gets to see. Needs root, to be several people. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Account, account, ask, installForTests, sharedFolder, startAgent } from './testing/agent-bench.ts'
import { openFakeHub, reportsOf } from './testing/fake-hub.ts'
import { until } from './testing/until.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const agent = installForTests(folder.path)
const alice = account('alice')
const bob = account('bob')

/** A program of some user that holds a port and prints what it is sent. */
async function thief(as: Account, port: number) {
  const code = `require('net').createServer((s) => s.on('error', () => {}).on('data', (d) => process.stdout.write('GOT ' + d))).listen(${port}, '127.0.0.1', function () { console.log('PORT ' + this.address().port) })`
  const child = spawn(agent.node, ['-e', code], { uid: as.uid, gid: as.gid, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const found = await until('the port', () => /PORT (\d+)/.exec(output)?.[1])
  return {
    port: Number(found),
    pid: child.pid ?? 0,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** Connect as alice's agent does and send a request if the check lets it; with the check off in the positive control. */
async function connectAs(
  as: Account,
  port: number,
  isCheckOff: boolean,
  ownPids: readonly number[] = [],
): Promise<string> {
  const module = pathToFileURL(join(agent.dir, 'dist/app-connection.js')).href
  const table = pathToFileURL(join(agent.dir, 'dist/process-table.js')).href
  const code = `
    const { portConnector } = await import(${JSON.stringify(module)})
    const { readProcess } = await import(${JSON.stringify(table)})
    const findListener = ${isCheckOff} ? () => ({ inode: '1', uid: ${as.uid} }) : undefined
    const processes = () => ${isCheckOff} ? [{ pid: 1 }] : ${JSON.stringify(ownPids)}.map((pid) => readProcess(pid)).filter(Boolean)
    try {
      const socket = await portConnector({ port: () => ${port}, uid: ${as.uid}, processes, ...(findListener && { findListener }) }).open()
      socket.write('cookie of alice', () => { console.log('SENT'); socket.end(); setTimeout(() => process.exit(0), 100) })
    } catch (error) { console.log(error.name) }`
  const child = spawn(agent.node, ['--input-type=module', '-e', code], {
    uid: as.uid,
    gid: as.gid,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await once(child, 'close')
  return output.trim()
}

describe('the connection to the application', () => {
  it('sends no byte to another user who holds the port', async () => {
    await using bobs = await thief(bob, 0)
    assert.equal(await connectAs(alice, bobs.port, false), 'ForeignPort')
    assert.doesNotMatch(bobs.output(), /GOT/)

    assert.equal(await connectAs(alice, bobs.port, true), 'SENT')
    await until('positive control: without the check he gets it', () => /GOT cookie of alice/.test(bobs.output()))
  })

  it('sends no byte to another program of the same user, and does to a process of the session', async () => {
    await using other = await thief(alice, 0)
    assert.equal(await connectAs(alice, other.port, false), 'ForeignPort')
    assert.doesNotMatch(other.output(), /GOT/)
    assert.equal(await connectAs(alice, other.port, false, [other.pid]), 'SENT')
  })

  it('lets nothing through to bob who takes the port when alice application has died', async () => {
    const stub = join(import.meta.dirname, 'testing/stub-app.ts')
    // The program lives on while its server is gone: the agent has not noticed an exit and keeps its own socket open.
    const loseServer = `const { spawn } = require('child_process'); const c = spawn(process.argv[1], process.argv.slice(2), { stdio: 'inherit' }); setInterval(() => {}, 1000)`
    await using hub = await openFakeHub({
      application: {
        argv: [agent.node, '-e', loseServer, agent.node, stub, '{port}', '/p/'],
        prefix: '/p/',
        environment: { APP_PORT: '{port}' },
      },
    })
    await using _run = startAgent(agent, hub, alice)
    const ready = await until('ready', () => reportsOf(hub, 'ready')[0])
    const env = JSON.parse(/\{.*\}/s.exec((await ask(hub, ready.port, '/p/environment')).body)?.[0] ?? '{}')
    await ask(hub, ready.port, '/p/die')
    await using bobs = await thief(bob, Number(env.APP_PORT))
    const answer = await ask(hub, ready.port, '/p/secret', { headers: { cookie: 'canary=alice' } })
    assert.equal(answer.status, 0)
    assert.doesNotMatch(bobs.output(), /GOT/)
  })
})
