/** Servers of four makers that tell each request as they read it: Node, nginx, Python's own and Tornado, on which Jupyter runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { portOf, until } from '../../packages/proxy/src/testing.ts'

export interface Upstream extends AsyncDisposable {
  readonly port: number
  /** `METHOD TARGET` of each request so far; `?` and more for what was none. Slashes at the beginning of a target are one: Python takes them so. */
  seen(): readonly string[]
  /** It takes a request with trailers for none, says so, and ends the connection. */
  readonly refusesTrailers: boolean
}
export const upstreamNames = ['node', 'nginx', 'python', 'tornado'] as const
export type UpstreamName = (typeof upstreamNames)[number]

export async function openUpstream(name: UpstreamName): Promise<Upstream> {
  const opened = await (name === 'node'
    ? openNode()
    : name === 'nginx'
      ? openNginx()
      : openPython(`${name}_upstream.py`))
  return { ...opened, refusesTrailers: name === 'tornado', seen: () => opened.seen().map(withOneSlash) }
}
export const withOneSlash = (name: string): string => name.replace(/^([!-~]+ )\/+/, '$1/')

type Opened = Omit<Upstream, 'refusesTrailers'>

async function openNode(): Promise<Opened> {
  const seen: string[] = []
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    seen.push(`${request.method} ${request.url}`)
    request.resume().on('error', () => {})
    request.on('end', () => response.end('ok'))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE') seen.push(`? ${error.code}`)
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    seen: () => seen,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function openPython(file: string): Promise<Opened> {
  const seen: string[] = []
  const child = spawn('/usr/bin/python3', ['-I', join(import.meta.dirname, file)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let port = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (port === 0) port = Number(line)
    else seen.push(line)
  })
  await until(() => port !== 0 || child.exitCode !== null, `${file} listens`)
  if (port === 0) throw new Error(`${file} did not start`)
  return { port, seen: () => seen, [Symbol.asyncDispose]: () => end(child) }
}

/** nginx listens on a port that was free a moment ago: it cannot tell which one it took. */
async function openNginx(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-nginx-'))
  const log = join(folder, 'access.log')
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const port = portOf(free)
  await new Promise((resolve) => free.close(resolve))
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder};`)
    .join('\n')
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  ${places}
  log_format seen escape=json '$status $request';
  access_log ${log} seen;
  large_client_header_buffers 4 64k;
  server { listen 127.0.0.1:${port}; location / { return 200 ok; } }
}
`,
  )
  writeFileSync(log, '')
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  await until(() => child.exitCode !== null || canConnect(port), 'nginx listens')
  if (child.exitCode !== null) throw new Error(readFileSync(join(folder, 'error.log'), 'utf8'))
  const seen = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [, status = '', escaped = ''] = /^(\d+) (.*)$/.exec(line) ?? []
        const request = String(JSON.parse(`"${escaped}"`))
        const [, name] = /^([A-Z-]+ \S+) HTTP\/1\.[01]$/.exec(request) ?? []
        return name === undefined || (status !== '200' && status !== '405') ? `? ${status} ${request}` : name
      })
  return {
    port,
    seen,
    [Symbol.asyncDispose]: async () => {
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const canConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
