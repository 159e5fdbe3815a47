/** A real Apache as front server: signs people in by a password, names them in headers, shows the secret, passes everything on. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './until.ts'

export interface ApacheOptions {
  readonly port: number
  /** Path → address it is passed on to; people sign in for each, and each gets the headers. */
  readonly places: Readonly<Record<string, string>>
  readonly secret: string
  /** Directives inside each place. */
  readonly more?: readonly string[]
}

export interface Apache extends AsyncDisposable {
  readonly origin: string
  /** A page beside the gateway, on this server. */
  readonly signedOutPage: string
}

export const passwordOf = (user: string): string => `${user}s-password`
export const basicAuth = (user: string): string =>
  `Basic ${Buffer.from(`${user}:${passwordOf(user)}`).toString('base64')}`

const modules = [
  ...['mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic', 'alias', 'dir', 'mime'],
  ...['headers', 'proxy', 'proxy_http', 'rewrite'],
]

/** Inside a `<Location>`: who it is, and the proof. Who shows a token of the gateway needs no password on the way to its API. */
const place = (path: string, target: string, { secret, more = [] }: ApacheOptions): string[] => [
  `<Location ${path}>`,
  '  AuthType Basic',
  '  AuthName "the site"',
  '  AuthUserFile passwords',
  '  Require valid-user',
  '  RequestHeader set Remote_User "expr=%{REMOTE_USER}"',
  '  RequestHeader set Remote_User_Data "stuff;morestuff"',
  `  RequestHeader set X-Batchway-Front-Secret "${secret}"`,
  `  ProxyPass ${target}`,
  ...more.map((line) => `  ${line}`),
  '</Location>',
]

export async function openApache(options: ApacheOptions): Promise<Apache> {
  const root = mkdtempSync('/var/tmp/batchway-apache-')
  chmodSync(root, 0o755)
  mkdirSync(join(root, 'sso'), { mode: 0o755 })
  writeFileSync(join(root, 'sso/out.html'), '<!doctype html><title>out</title><h1>The site has signed you out</h1>')
  const users = ['alice', 'bob', 'carol'].map((user) => {
    const hash = execFileSync('openssl', ['passwd', '-apr1', '-stdin'], { input: passwordOf(user), encoding: 'utf8' })
    return `${user}:${hash.trim()}`
  })
  writeFileSync(join(root, 'passwords'), `${users.join('\n')}\n`, { mode: 0o644 })
  const base = Object.keys(options.places)[0] ?? '/'
  const lines = [
    `ServerRoot ${root}`,
    `Listen 127.0.0.1:${options.port}`,
    'ServerName 127.0.0.1',
    `PidFile ${root}/pid`,
    `ErrorLog ${root}/error.log`,
    'User www-data',
    'Group www-data',
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    'TypesConfig /etc/mime.types',
    'ProxyPreserveHost On',
    'AllowEncodedSlashes NoDecode',
    `Alias /sso ${root}/sso`,
    `<Directory ${root}/sso>`,
    '  Require all granted',
    '</Directory>',
    ...Object.entries(options.places).flatMap(([path, target]) => place(path, target, options)),
    `<Location ${base}/hub/api>`,
    `  <If "%{HTTP:Authorization} =~ /^(token|bearer) /i">`,
    '    Require all granted',
    '  </If>',
    '</Location>',
  ]
  // The secret is in it.
  writeFileSync(join(root, 'httpd.conf'), `${lines.join('\n')}\n`, { mode: 0o600 })
  const child: ChildProcess = spawn('/usr/sbin/apache2', ['-D', 'FOREGROUND', '-f', join(root, 'httpd.conf')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = once(child, 'exit')
  const origin = `http://127.0.0.1:${options.port}`
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
    rmSync(root, { recursive: true, force: true })
  }
  try {
    await until('Apache answers', async () => {
      if (child.exitCode !== null) throw new Error(`Apache ended: ${readFileSync(join(root, 'error.log'), 'utf8')}`)
      return await fetch(`${origin}/sso/out.html`).then(
        (answer) => answer.ok,
        () => false,
      )
    })
  } catch (error) {
    await close()
    throw error
  }
  return { origin, signedOutPage: `http://localhost:${options.port}/sso/out.html`, [Symbol.asyncDispose]: close }
}
