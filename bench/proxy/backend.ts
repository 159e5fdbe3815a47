/**
 * What all proxies lead to, on the core of whoever asks: nginx for answers and downloads, a program of ours for WebSockets and uploads, which
 * nginx has not. One address for both: nginx passes on what it has not.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/e2e/support/free-port.ts'
import { until } from '../../test/e2e/support/until.ts'
import { favour } from '../support/favour.ts'

export interface Backend extends AsyncDisposable {
  /** `/small` (100 bytes), `/large` (64 KiB), `/huge` (1 GiB), on any path below that. */
  readonly port: number
  /** WebSockets that echo, and uploads. */
  readonly echoPort: number
  /** `/small` over TLS, for who proves {@link psk}. */
  readonly keyPort: number
  /** The same with a certificate that nobody has signed. */
  readonly certificatePort: number
  /** File of that certificate. */
  readonly certificate: string
}

export const psk = { identity: 'bench', key: '0f'.repeat(32) }

export const hugeBytes = 2 ** 30

export async function openBackend(core: number): Promise<Backend> {
  const folder = mkdtempSync('/var/tmp/batchway-bench-backend-')
  chmodSync(folder, 0o755)
  const [port, echoPort, keyPort, certificatePort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  writeFileSync(join(folder, 'small'), 'x'.repeat(100))
  writeFileSync(join(folder, 'large'), 'x'.repeat(65_536))
  writeFileSync(join(folder, 'huge'), '')
  truncateSync(join(folder, 'huge'), hugeBytes)
  inMemory(join(folder, 'huge'))
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; user root; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 20000; }
http {
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=10; keepalive_requests 1000000000; default_type text/plain;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port} backlog=4096; root ${folder}; location ~ /(small|large|huge)$ { try_files /$1 =404; } }
}
`,
  )
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  ]
  execFileSync('openssl', ['req', '-x509', ...made, '-out', certificate, '-keyout', key], { stdio: 'ignore' })
  const output = openSync(join(folder, 'log'), 'a')
  const children = [
    ['nginx', '-c', file, '-p', folder],
    [process.execPath, join(import.meta.dirname, 'echo-backend.ts'), String(echoPort)],
    [
      process.execPath,
      join(import.meta.dirname, 'tls-backend.ts'),
      String(keyPort),
      String(certificatePort),
      certificate,
      key,
    ],
  ].map((command) => {
    const child = spawn('taskset', ['-c', String(core), ...command], {
      stdio: ['ignore', output, output],
      detached: true,
    })
    if (child.pid !== undefined) favour(child.pid)
    return child
  })
  const end = async (): Promise<void> => {
    for (const child of children) {
      if (child.pid === undefined || child.exitCode !== null) continue
      const ended = once(child, 'exit')
      process.kill(-child.pid, 'SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
  for (const each of [port, echoPort])
    await until('the backend answers', async () => (await fetch(`http://127.0.0.1:${each}/small`)).ok)
  return { port, echoPort, keyPort, certificatePort, certificate, [Symbol.asyncDispose]: end }
}

/** Reads a file once, so that the first proxy does not wait for what the others find in memory. */
export const inMemory = (file: string): void => void execFileSync('cat', [file], { stdio: 'ignore' })
