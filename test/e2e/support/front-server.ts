/** A real front server, Apache or nginx, with a site file as the command prints it. Signs alice, bob and carol in by a password. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { apacheModules } from '../../../packages/batchway/src/cli/front-config/apache.ts'
import { secretFile } from '../../../packages/batchway/src/cli/front-config/front-facts.ts'
import { openIdSecretFile } from '../../../packages/batchway/src/cli/front-config/openid.ts'
import { until } from './until.ts'

export type FrontServer = 'apache' | 'nginx'

export const passwordFor = (user: string): string => `${user}s-password`

export interface FrontPlace extends Disposable {
  readonly folder: string
  readonly certificate: string
  readonly key: string
}

/** A folder with a certificate for `localhost` and a file of passwords. */
export function makeFrontPlace(): FrontPlace {
  const folder = mkdtempSync('/var/tmp/batchway-front-')
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'temp'))
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate]
  execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
  const users = ['alice', 'bob', 'carol'].map((user) => {
    const hash = execFileSync('openssl', ['passwd', '-apr1', '-stdin'], { input: passwordFor(user), encoding: 'utf8' })
    return `${user}:${hash.trim()}`
  })
  writeFileSync(join(folder, 'htpasswd'), `${users.join('\n')}\n`, { mode: 0o644 })
  return { folder, certificate, key, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Everything that the printed site files and those of the tests use. */
const modules = [
  ...['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'socache_shmcb', 'alias', 'dir', 'env', 'mime'],
  ...apacheModules({ identity: { user: 'Remote_User', data: null }, signOn: 'basic' }),
  'auth_openidc',
]

const apacheMain = (folder: string): string =>
  [
    `ServerRoot ${folder}`,
    'ServerName localhost',
    `PidFile ${folder}/pid`,
    `ErrorLog ${folder}/error.log`,
    'User www-data',
    'Group www-data',
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    'TypesConfig /etc/mime.types',
    `Include ${folder}/site.conf`,
  ].join('\n')

const nginxMain = (folder: string): string =>
  [
    'user www-data;',
    'worker_processes 1;',
    'daemon off;',
    `pid ${folder}/pid;`,
    `error_log ${folder}/error.log;`,
    'events {}',
    'http {',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/temp/${name};`),
    `access_log ${folder}/access.log;`,
    `include ${folder}/site.conf;`,
    '}',
  ].join('\n')

export interface FrontFiles {
  /** Text of the site file. It may name the files below by where they stand on a real site. */
  readonly site: string
  /** Of the file with the front secret. */
  readonly secret: string
  /** Of the file with the secrets of mod_auth_openidc. */
  readonly openIdSecret?: string
  readonly port: number
}

export async function openFrontServer(
  server: FrontServer,
  { folder }: FrontPlace,
  { site, secret, openIdSecret = '', port }: FrontFiles,
): Promise<AsyncDisposable> {
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 })
  write('secret', secret)
  write('openid.secret', openIdSecret)
  write(
    'site.conf',
    site
      .replaceAll(secretFile[server], join(folder, 'secret'))
      .replaceAll(openIdSecretFile, join(folder, 'openid.secret'))
      .replaceAll(`/etc/${server === 'apache' ? 'apache2' : 'nginx'}/batchway.htpasswd`, join(folder, 'htpasswd')),
  )
  write('main.conf', server === 'apache' ? apacheMain(folder) : nginxMain(folder))
  const main = join(folder, 'main.conf')
  const child: ChildProcess =
    server === 'apache'
      ? spawn('/usr/sbin/apache2', ['-D', 'FOREGROUND', '-f', main], { stdio: ['ignore', 'inherit', 'inherit'] })
      : spawn('/usr/sbin/nginx', ['-c', main], { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = once(child, 'exit')
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  }
  try {
    await until(`${server} answers`, () => child.exitCode !== null || isListening(port))
    if (child.exitCode !== null) {
      const log = join(folder, 'error.log')
      throw new Error(`${server} ended: ${existsSync(log) ? readFileSync(log, 'utf8') : 'its words are above'}`)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { [Symbol.asyncDispose]: close }
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, 'localhost')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** One request over TLS, without a browser's courtesy. */
export function askFront(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: 'localhost', port, path, headers, rejectUnauthorized: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        body += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

export const basicHeader = (user: string): string =>
  `Basic ${Buffer.from(`${user}:${passwordFor(user)}`).toString('base64')}`
