/** The proxies that are measured, each in a process of its own on one core, before one and the same backend. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from '../../test/e2e/support/free-port.ts'
import { until } from '../../test/e2e/support/until.ts'
import { favour } from '../support/favour.ts'
import { type Backend, psk } from './backend.ts'

export interface Contender extends AsyncDisposable {
  readonly name: string
  readonly version: string
  readonly port: number
  /** Of the process that does the work. */
  readonly pid: number
  /** Makes routes `/user/uN` to the backend, if it takes any. */
  readonly addRoutes: ((count: number, target: string) => Promise<void>) | null
}

/** How it is run: where the backend listens, and on which core it stays. */
export interface Stage {
  readonly core: number
  readonly backendPort: number
  /** Where the same target is spoken to by TLS; null: plainly. */
  readonly tls: Pick<Backend, 'keyPort' | 'certificatePort' | 'certificate'> | null
}

type Command = readonly [file: string, ...args: string[]]

interface Plan {
  readonly name: string
  readonly version: string
  readonly command: Command
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
  /** nginx alone has a process that waits for its worker. */
  readonly hasWorker?: boolean
  readonly addRoutes?: Contender['addRoutes']
  /** Once it answers. */
  readonly prepare?: () => Promise<void>
}

/** @throws {Error} with its output, when it does not answer. */
async function openContender(core: number, plan: (folder: string) => Promise<Plan>): Promise<Contender> {
  const folder = mkdtempSync('/var/tmp/batchway-bench-proxy-')
  chmodSync(folder, 0o755)
  const { name, version, command, port, env = {}, hasWorker = false, addRoutes = null, prepare } = await plan(folder)
  const log = join(folder, 'log')
  const output = openSync(log, 'a')
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', output, output],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    detached: true,
  })
  if (child.pid === undefined) throw new Error(`${command[0]} does not start`)
  favour(child.pid)
  const { pid } = child
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      process.kill(-pid, 'SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(`${name} answers`, async () => (await fetch(`http://127.0.0.1:${port}/small`)).ok, 20_000)
    await prepare?.()
  } catch (cause) {
    const words = readFileSync(log, 'utf8').slice(0, 2_000)
    await end()
    throw new Error(`${name}: ${words}`, { cause })
  }
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return {
    name,
    version,
    port,
    pid: hasWorker ? Number(children[0]) : pid,
    addRoutes,
    [Symbol.asyncDispose]: end,
  }
}

/** The first number that looks like one in what the program says of itself. */
function versionOf(program: string, option: string): string {
  const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' })
  return /\d+\.\d+[\w.+-]*/.exec(stdout + stderr)?.[0] ?? 'unknown'
}

const root = resolve(import.meta.dirname, '../..')
/** Installed beside the test bench's other things, and not with ours: nothing of ours needs it. */
const chpFolder = '/var/cache/batchway-bench/chp/node_modules/configurable-http-proxy'

/** All that a site has on: snapshot, control token, the base path, a front server that is trusted. */
export const ours = ({ core, backendPort, tls }: Stage): Promise<Contender> =>
  openContender(core, async (folder) => {
    const [port, control] = [await freePort(), await freePort()]
    const token = 'b'.repeat(64)
    const api = async (method: string, path: string, body: unknown): Promise<void> => {
      const answer = await fetch(`http://127.0.0.1:${control}${path}`, {
        method,
        headers: { Authorization: `token ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    }
    return {
      name: 'batchway-proxy',
      version: `Node ${process.version}`,
      port,
      command: [
        process.execPath,
        '--conditions=source',
        join(root, 'packages/proxy/src/bin.ts'),
        ...[
          `--listen=127.0.0.1:${port}`,
          `--control=127.0.0.1:${control}`,
          `--snapshot=${join(folder, 'routes.json')}`,
        ],
        ...[`--default-target=http://127.0.0.1:${backendPort}`, '--trusted-front=10.0.0.1'],
      ],
      env: { CONFIGPROXY_AUTH_TOKEN: token, NODE_ENV: 'production' },
      async prepare() {
        if (tls === null) return
        // As sessions have it: the agent and the proxy share a key.
        const route = { target: `https://127.0.0.1:${tls.keyPort}`, psk, user: 'u', server_name: '', jupyterhub: true }
        await api('PUT', '/api/routes', { '/': route })
        const answer = await fetch(`http://127.0.0.1:${port}/small`)
        if (!answer.ok || (await answer.text()).length !== 100) throw new Error('the target with a key does not answer')
      },
      async addRoutes(count, target) {
        const route = (index: number) => ({ target, user: `u${index}`, server_name: '', jupyterhub: true })
        await api(
          'PUT',
          '/api/routes',
          Object.fromEntries(Array.from({ length: count }, (_, i) => [`/user/u${i}`, route(i)])),
        )
      },
    }
  })

export const chp = ({ core, backendPort, tls }: Stage): Promise<Contender> =>
  openContender(core, async () => {
    const [port, control] = [await freePort(), await freePort()]
    const { version } = JSON.parse(readFileSync(join(chpFolder, 'package.json'), 'utf8'))
    return {
      name: 'CHP',
      version,
      port,
      command: [
        process.execPath,
        join(chpFolder, 'bin/configurable-http-proxy'),
        ...['--ip=127.0.0.1', `--port=${port}`, '--api-ip=127.0.0.1', `--api-port=${control}`, '--log-level=error'],
        `--default-target=${tls === null ? `http://127.0.0.1:${backendPort}` : `https://127.0.0.1:${tls.certificatePort}`}`,
      ],
      env: {
        CONFIGPROXY_AUTH_TOKEN: 'b',
        NODE_ENV: 'production',
        ...(tls && { NODE_EXTRA_CA_CERTS: tls.certificate }),
      },
      async addRoutes(count, target) {
        for (let index = 0; index < count; index++) {
          const body = JSON.stringify({ target, user: `u${index}`, jupyterhub: true })
          const answer = await fetch(`http://127.0.0.1:${control}/api/routes/user/u${index}`, {
            method: 'POST',
            headers: { Authorization: 'token b', 'Content-Type': 'application/json' },
            body,
          })
          await answer.arrayBuffer()
        }
      },
    }
  })

export const nginx = ({ core, backendPort, tls }: Stage): Promise<Contender> =>
  openContender(core, async (folder) => {
    const port = await freePort()
    const file = join(folder, 'nginx.conf')
    writeFileSync(
      file,
      `daemon off; user root; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 20000; }
http {
  access_log off; client_max_body_size 0; keepalive_requests 1000000000; proxy_temp_path ${folder}/proxy; client_body_temp_path ${folder}/body;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream backend { server 127.0.0.1:${tls?.certificatePort ?? backendPort}; keepalive 600; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${tls === null ? 'http' : 'https'}://backend; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_buffering off; proxy_request_buffering off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; proxy_read_timeout 3600;
    }
  }
}
`,
    )
    return {
      name: 'nginx',
      version: versionOf('nginx', '-v'),
      port,
      command: ['nginx', '-c', file, '-p', folder],
      hasWorker: true,
    }
  })

export const haproxy = ({ core, backendPort, tls }: Stage): Promise<Contender> =>
  openContender(core, async (folder) => {
    const port = await freePort()
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(
      file,
      `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
  option forwardfor
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  server one 127.0.0.1:${tls === null ? backendPort : `${tls.certificatePort} ssl verify none`} pool-max-conn -1
`,
    )
    return { name: 'HAProxy', version: versionOf('haproxy', '-v'), port, command: ['haproxy', '-db', '-f', file] }
  })

/** The least that Node needs to pass a request on: what is ours costs beyond it. */
export const bareForwarder = ({ core, backendPort }: Stage): Promise<Contender> =>
  openContender(core, async () => {
    const port = await freePort()
    return {
      name: 'bare node:http',
      version: process.version,
      port,
      command: [process.execPath, join(import.meta.dirname, 'bare-forwarder.ts'), String(port), String(backendPort)],
    }
  })
