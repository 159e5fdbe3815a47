/**
 * The real hub and the real proxies as processes of their own, for bytes that no client would send. Nobody starts a dead one again:
 * a process that ends is what the tests look for.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { openSitePeople } from '../../packages/batchway/src/app/open-admission.ts'
import { hubMemory } from '../../packages/batchway/src/cli/hub-memory.ts'
import { asAccount } from '../../packages/batchway/src/cli/start/as-account.ts'
import { readableProgram } from '../../packages/batchway/src/cli/start/readable-program.ts'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { loadConfig } from '../../packages/batchway/src/core/load-config.ts'
import { openStores } from '../../packages/batchway/src/store/stores.ts'
import { stopLocalScheduler } from '../e2e/support/site.ts'
import { endLocalJobs } from '../e2e/support/traces.ts'
import { openVisitor } from '../e2e/support/visitor.ts'
import type { Place } from './exchange.ts'
import { inspectable } from './live-heap.ts'

const root = resolve(import.meta.dirname, '../..')

/** One program under test. */
export interface Program {
  readonly name: string
  readonly pid: number
  isAlive(): boolean
  /** Lines that it wrote. */
  lines(): readonly string[]
  descriptors(): number
  memoryMiB(): number
}

export interface WireSite extends AsyncDisposable {
  readonly programs: readonly Program[]
  /** Who listens where. */
  readonly places: {
    readonly site: Place
    readonly hubPublic: Place
    readonly hubInternal: Place
    readonly control: Place
  }
  readonly controlToken: string
  /** An API token of alice with every scope of hers. */
  readonly token: string
  /** `Cookie` of a signed-in browser below `/hub/`, and the token against forgery that goes with it. */
  readonly cookie: string
  readonly xsrf: string
}

/** @throws {Error} with its output, if it ends before it listens. */
export async function run(
  name: string,
  argv: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): Promise<Program & { readonly said: Record<string, unknown>; child: ChildProcess }> {
  const [file, ...args] = argv
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: '/' })
  const ended = once(child, 'exit')
  let text = ''
  const { promise, resolve: found } = Promise.withResolvers<Record<string, unknown>>()
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const line = text.split('\n').find((each) => each.includes('"msg":"listening"'))
      if (line !== undefined) found(JSON.parse(line))
    })
  const said = await Promise.race([promise, ended.then(() => null)])
  if (said === null) throw new Error(`${name} did not start:\n${text}`)
  const pid = child.pid ?? 0
  return {
    name,
    pid,
    child,
    said,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    lines: () => text.split('\n'),
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
    memoryMiB: () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1_024,
  }
}

export async function openWireSite(): Promise<WireSite> {
  await using undo = new AsyncDisposableStack()
  const account = process.getuid?.() === 0 ? findAccount('batchway') : null
  const state = mkdtempSync('/var/tmp/batchway-wire-')
  undo.defer(() => rmSync(state, { recursive: true, force: true }))
  // Some bytes are a start request.
  undo.defer(async () => {
    stopLocalScheduler(state)
    await endLocalJobs({ stateDirectory: state })
  })
  const configFile = join(state, 'batchway.yaml')
  const agent = join(state, 'agents')
  const config = {
    url: 'http://gateway.invalid/',
    listen: ['127.0.0.1:0'],
    stateDirectory: state,
    instance: 'v2',
    hub: { internal: ['127.0.0.1:0'], internalUrl: 'http://127.0.0.1:1/' },
    // Everything that reads what a front server says is reached, too.
    signIn: [{ type: 'header', data: {} }, { type: 'link' }],
    proxy: { trustedFronts: ['127.0.0.1'], trustAddressAlone: true, control: '127.0.0.1:0' },
    insecureHttp: true,
    clusters: { local: { driver: 'local', title: 'This machine', agent } },
    applications: {
      app: { kind: 'command', title: 'App', command: ['/bin/sleep', '60'], environment: { PORT: '{port}' } },
    },
    profiles: [
      {
        key: 'small',
        title: 'Small',
        cluster: 'local',
        application: 'app',
        resources: { cores: 1, memory: '100M', walltime: '5m' },
      },
    ],
  }
  writeFileSync(configFile, stringify(config), { mode: 0o600 })
  const loaded = (await loadConfig(configFile)).config
  const token = randomBytes(16).toString('hex')
  {
    await using stores = await openStores(`sqlite:${join(state, 'batchway.db')}`, Date.now)
    await using people = openSitePeople(loaded, {
      stores,
      now: Date.now,
      random: randomBytes,
      audit: async () => undefined,
    })
    const user = await people.ensureUser('alice', {})
    await people.insertToken(token, {
      kind: 'api',
      userId: user.id,
      scopes: ['self'],
      note: '',
      clientId: null,
      signInId: null,
      sessionId: null,
      expiresAt: null,
    })
  }
  if (account)
    for (const path of [state, ...readdirSync(state).map((name) => join(state, name))])
      chownSync(path, account.uid, account.gid)
  const main = 'packages/batchway/src/cli/main.ts'
  // By ourselves: the account that the hub runs under may not write into a checkout.
  execFileSync(process.execPath, ['--conditions=source', join(root, main), 'agent', 'install', agent])
  const env = { HOME: state, PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' }
  // As the units and `batchway start` do: memory is a part of what is looked at.
  const programEnv = { ...env, ...hubMemory(inspectable) }
  const placed = account
    ? readableProgram(account, join(root, main), '/var/tmp/batchway-bench/programs')
    : (path: string) => path
  const program = (file: string, ...args: string[]): readonly [string, ...string[]] => {
    const argv = [placed(process.execPath), '--conditions=source', placed(join(root, file)), ...args] as const
    return account ? asAccount(account, argv) : argv
  }
  const start = async (name: string, argv: readonly [string, ...string[]]) => {
    const started = await run(name, argv, programEnv)
    undo.defer(async () => {
      if (!started.isAlive()) return
      const ended = once(started.child, 'exit')
      started.child.kill('SIGKILL')
      await ended
    })
    return started
  }

  const hub = await start('hub', program(main, 'hub', `--config=${configFile}`))
  const tokenFile = join(state, 'proxy.token')
  const proxy = await start(
    'proxy',
    program(
      'packages/proxy/src/bin.ts',
      '--listen=127.0.0.1:0',
      '--control=127.0.0.1:0',
      `--control-token-file=${tokenFile}`,
      `--snapshot=${join(state, 'fuzz-routes.json')}`,
      `--default-target=http+unix://${encodeURIComponent(join(state, 'hub.sock'))}`,
      '--trusted-front=127.0.0.1',
      '--trust-address-alone',
      '--user-header=Remote_User',
      '--user-data-header=Remote_User_Data',
    ),
  )
  const portOf = (text: unknown): number => Number(/:(\d+)$/.exec(String(text))?.[1])
  const [, internal] = Array.isArray(hub.said.listen) ? hub.said.listen : []
  const [front] = Array.isArray(proxy.said.listen) ? proxy.said.listen : []
  const sitePort = portOf(front)

  const [linkProgram, ...linkArgs] = program(main, 'link', 'alice', `--config=${configFile}`)
  const link = new URL(execFileSync(linkProgram, linkArgs, { encoding: 'utf8', env, cwd: '/' }).trim())
  // Nobody stands in front for this sign-in: the header that names a user says that there is none.
  const visitor = openVisitor(`http://127.0.0.1:${sitePort}`, '/', 'alice')
  const html = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  await visitor.ask(link.pathname + link.search, { headers: html })
  const key = link.searchParams.get('key') ?? ''
  const form = new URLSearchParams({ key, _xsrf: visitor.cookie('_xsrf', '/hub/') ?? '' }).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await visitor.ask('/hub/login/link', { method: 'POST', headers: { ...html, ...type }, body: form })
  if (answer.status !== 302) throw new Error(`the sign-in answered ${answer.status}: ${answer.body.slice(0, 500)}`)

  const kept = undo.move()
  return {
    programs: [hub, proxy],
    places: {
      site: { port: sitePort },
      hubPublic: { path: join(state, 'hub.sock') },
      hubInternal: { port: portOf(internal) },
      control: { port: portOf(proxy.said.control) },
    },
    controlToken: readFileSync(tokenFile, 'utf8').trim(),
    token,
    cookie: visitor
      .cookies()
      .map(({ name, value }) => `${name}=${value}`)
      .join('; '),
    xsrf: visitor.cookie('_xsrf', '/hub/') ?? '',
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
