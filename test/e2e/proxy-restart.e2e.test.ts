/**
 * The proxy's units, run by a real systemd: with the socket unit a restart refuses nobody, and what runs is finished first. Each with its
 * control: without the socket unit, and told twice.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { openControlClient } from '../../packages/proxy/src/control-client.ts'
import { commandAs, hubAccount } from './support/doctor-bed.ts'
import { freePort } from './support/free-port.ts'
import { type OwnSystemd, openSystemd } from './support/own-systemd.ts'
import { until } from './support/until.ts'

const root = resolve(import.meta.dirname, '../..')
const [service, socket] = ['batchway-proxy.service', 'batchway-proxy.socket']

/** One request on a connection of its own. @returns its status, or the code of what went wrong. */
function ask(port: number): Promise<string> {
  return new Promise((done) => {
    const asking = connect(port, '127.0.0.1')
    let text = ''
    asking.on('data', (part) => {
      text += String(part)
    })
    asking.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
    asking.on('close', () => done(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 'nothing'))
    asking.write('GET /_chp_healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  })
}

/** Asks every 20 ms while something happens. @returns how many requests came to which end. */
async function underLoad(port: number, happening: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>()
  const under: Promise<void>[] = []
  const load = setInterval(() => {
    under.push(
      ask(port).then((end) => {
        ends.set(end, (ends.get(end) ?? 0) + 1)
      }),
    )
  }, 20)
  try {
    await happening()
  } finally {
    clearInterval(load)
  }
  await Promise.all(under)
  return ends
}

describe('a proxy that systemd starts anew', () => {
  let folder: string
  let state: string
  let port: number
  let systemd: OwnSystemd
  let log: string
  const setup = (name: string): string => {
    const [file, ...rest] = commandAs(hubAccount(), ['setup', name, `--config=${join(folder, 'batchway.yaml')}`])
    return execFileSync(file, rest, { encoding: 'utf8', cwd: '/' })
  }
  const answers = async () => (await ask(port)) === '200'
  const restart = async (): Promise<void> => {
    systemd.systemctl('--no-block', 'restart', service)
    await until('the restart is done', () => systemd.systemctl('list-jobs', '--no-legend').trim() === '', 60_000)
    await until('the proxy answers', answers, 60_000)
  }
  before(async () => {
    folder = mkdtempSync('/var/tmp/batchway-bench/restart-')
    chmodSync(folder, 0o755)
    state = `/var/lib/batchway-restart-${process.pid}`
    port = await freePort()
    const config = {
      url: `http://127.0.0.1:${port}/`,
      listen: [`127.0.0.1:${port}`],
      stateDirectory: state,
      instance: 'pl',
      clusters: { here: { driver: 'local' } },
      applications: { lab: { kind: 'jupyterhub-singleuser' } },
      profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'lab' }],
    }
    writeFileSync(join(folder, 'batchway.yaml'), stringify(config), { mode: 0o644 })
    log = join(folder, 'proxy.log')
    writeFileSync(log, '', { mode: 0o644 })
    const bench = `[Service]\nBindReadOnlyPaths=/var/tmp/batchway-bench ${root}\nStandardOutput=append:${log}\nStandardError=inherit\n`
    systemd = await openSystemd({
      units: { [service]: setup('proxy'), [socket]: setup('proxy-socket') },
      dropIns: { [service]: bench },
    })
    await until('the proxy answers', answers, 120_000).catch((error) => {
      throw new Error(`${error}\n${readFileSync(log, 'utf8').slice(-4_000)}`)
    })
  })
  after(async () => {
    await systemd?.[Symbol.asyncDispose]()
    if (folder) rmSync(folder, { recursive: true, force: true })
    if (state) rmSync(state, { recursive: true, force: true })
  })

  it('finishes what runs before it ends, and is told once', async () => {
    let response: ServerResponse | null = null
    const app = createServer((_, answer) => {
      answer.write('begun ')
      response = answer
    }).listen(0, '127.0.0.1')
    await once(app, 'listening')
    const bound = app.address()
    const target = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`
    /** @param then after it was told to stop. @returns what the client of a slow answer got over a restart. */
    const overRestart = async (then: () => void): Promise<string> => {
      using control = openControlClient({
        address: `unix:${join(state, 'proxy.sock')}`,
        token: readFileSync(join(state, 'proxy.token'), 'utf8').trim(),
      })
      await control.addRoute('/slow', { target })
      const asked = get(`http://127.0.0.1:${port}/slow/x`, { agent: false })
      const [answer] = await once(asked, 'response')
      const text = new Promise<string>((done) => {
        let got = ''
        answer.on('data', (part: Buffer) => {
          got += String(part)
        })
        answer.on('end', () => done(got))
        answer.on('error', () => done(`${got}cut`))
      })
      const stops = () => readFileSync(log, 'utf8').split('"stopping"').length
      const before = stops()
      systemd.systemctl('--no-block', 'restart', service)
      await until('it was told', () => stops() > before, 60_000)
      then()
      setTimeout(() => response?.end('and finished'), 1_000)
      const got = await text
      await until('the restart is done', () => systemd.systemctl('list-jobs', '--no-legend').trim() === '', 60_000)
      await until('the proxy answers', answers, 60_000)
      return got
    }
    try {
      assert.equal(await overRestart(() => {}), 'begun and finished')
      // What systemd does by itself to all processes of a unit, where that does not say otherwise.
      const again = () => void systemd.systemctl('kill', '--kill-who=all', '--signal=TERM', service)
      assert.equal(await overRestart(again), 'begun cut', 'told twice, it ends at once')
    } finally {
      app.close()
      app.closeAllConnections()
    }
  })

  it('refuses connections meanwhile, where nobody holds its socket', async () => {
    const ends = await underLoad(port, restart)
    assert.ok((ends.get('ECONNREFUSED') ?? 0) > 0, JSON.stringify([...ends]))
  })

  it('refuses and loses none in five restarts, where systemd holds its socket', async () => {
    // What `systemctl enable` makes of [Install]: the service wants it, and a running service has it with its next start.
    assert.match(setup('proxy-socket'), new RegExp(`^WantedBy=.* ${service}$`, 'm'))
    systemd.replaceUnit(service, setup('proxy').replace('[Service]', `Wants=${socket}\n\n[Service]`))
    await restart()
    assert.equal(systemd.systemctl('is-active', socket).trim(), 'active')
    const ends = await underLoad(port, async () => {
      for (let time = 0; time < 5; time += 1) await restart()
    })
    assert.deepEqual([...ends.keys()], ['200'], JSON.stringify([...ends]))
  })
})
