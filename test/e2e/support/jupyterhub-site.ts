/** A real JupyterHub, unmodified, with our proxy where it expects configurable-http-proxy. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from './free-port.ts'
import { trixieRun } from './trixie-run.ts'
import { until } from './until.ts'

const root = resolve(import.meta.dirname, '../../..')
/** Whose hub and servers they are. */
const account = accountOf('alice')

export interface HubKind {
  readonly version: '3.0' | '5.2'
  /** The hub starts the proxy, or finds it running. */
  readonly startsProxy: boolean
  readonly internalSsl: boolean
}

export interface HubSite extends AsyncDisposable {
  /** Of the proxy. */
  readonly url: string
  readonly version: string
  /** Whether it does, through the proxy. */
  hubAnswers(): Promise<boolean>
  /** End the hub without its servers and its proxy, and start it anew. */
  killHub(): Promise<void>
  startHub(): Promise<void>
  routes(): Promise<readonly string[]>
  log(): string
}

/**
 * certipy 0.1, which JupyterHub 5.2 has beside it in Debian 13, makes certificates of version 1 without an authority key; Python 3.13 takes none
 * of these. From 0.2 on it makes them so.
 */
const certificatesOfToday = [
  'from certipy import Certipy',
  'from OpenSSL import crypto',
  'sign = Certipy.sign',
  'def sign_as_today(self, req, issuer, validity, digest="sha256", extensions=None, serial=0):',
  '    def of_version_3(cert):',
  '        cert.set_version(2)',
  '        return crypto.X509Extension(b"subjectKeyIdentifier", False, b"hash", subject=cert)',
  '    def authority(cert):',
  '        return crypto.X509Extension(b"authorityKeyIdentifier", False, b"keyid:always", issuer=issuer[0])',
  '    told = list(extensions or [])',
  '    is_authority = any(callable(each) for each in told)',
  '    return sign(self, req, issuer, validity, digest, told if is_authority else [of_version_3, *told, authority], serial)',
  'Certipy.sign = sign_as_today',
]

export async function openHubSite({ version, startsProxy, internalSsl }: HubKind): Promise<HubSite> {
  const state = mkdtempSync('/var/tmp/batchway-chp-')
  chownSync(state, account.uid, account.gid)
  const [port, hubPort, apiPort] = [await freePort(), await freePort(), await freePort()]
  const token = randomBytes(32).toString('hex')
  const isTree = version === '5.2'
  const proxyCommand = join(root, 'packages/proxy/bin/batchway-chp')
  const config = join(state, 'jupyterhub_config.py')
  const scheme = internalSsl ? 'https' : 'http'
  writeFileSync(
    config,
    [
      'c = get_config()',
      'c.JupyterHub.authenticator_class = "dummy"',
      'c.Authenticator.allowed_users = {"carol"}',
      'c.JupyterHub.spawner_class = "simple"',
      `c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(join(state, '{username}'))}`,
      `c.Spawner.cmd = ["jupyterhub-singleuser"]`,
      `c.Spawner.default_url = ${isTree ? '"/lab"' : '"/tree"'}`,
      ...(isTree ? [] : ['c.Spawner.environment = {"JUPYTERHUB_SINGLEUSER_APP": "notebook.notebookapp.NotebookApp"}']),
      `c.JupyterHub.bind_url = "http://127.0.0.1:${port}"`,
      `c.JupyterHub.hub_bind_url = "${scheme}://127.0.0.1:${hubPort}"`,
      `c.JupyterHub.db_url = "sqlite:///${state}/jupyterhub.sqlite"`,
      `c.JupyterHub.cookie_secret_file = "${state}/cookie_secret"`,
      `c.JupyterHub.internal_ssl = ${internalSsl ? 'True' : 'False'}`,
      `c.JupyterHub.internal_certs_location = "${state}/certs"`,
      `c.JupyterHub.cleanup_servers = ${startsProxy ? 'True' : 'False'}`,
      `c.ConfigurableHTTPProxy.api_url = "${scheme}://127.0.0.1:${apiPort}"`,
      `c.ConfigurableHTTPProxy.should_start = ${startsProxy ? 'True' : 'False'}`,
      `c.ConfigurableHTTPProxy.command = [${JSON.stringify(isTree ? `/host${proxyCommand}` : proxyCommand)}]`,
      `c.ConfigurableHTTPProxy.pid_file = "${state}/proxy.pid"`,
      ...(internalSsl && isTree ? certificatesOfToday : []),
      'c.Spawner.http_timeout = 120',
      'c.Spawner.start_timeout = 120',
      '',
    ].join('\n'),
    { mode: 0o644 },
  )
  const logFile = join(state, 'log')
  const output = openSync(logFile, 'a')
  const children: ChildProcess[] = []
  const open = (file: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): ChildProcess => {
    const child = spawn(file, args, {
      uid: account.uid,
      gid: account.gid,
      cwd: state,
      detached: true,
      stdio: ['ignore', output, output],
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        HOME: state,
        LANG: 'C.UTF-8',
        CONFIGPROXY_AUTH_TOKEN: token,
        ...more,
      },
    })
    children.push(child)
    return child
  }
  const log = (): string => readFileSync(logFile, 'utf8')
  const url = `http://127.0.0.1:${port}`
  let hub: ChildProcess | null = null

  async function hubAnswers(): Promise<boolean> {
    try {
      return (await fetch(`${url}/hub/api`, { signal: AbortSignal.timeout(10_000) })).ok
    } catch {
      return false
    }
  }
  async function startHub(): Promise<void> {
    const started = isTree ? open(trixieRun, ['jupyterhub', '-f', config]) : open('/usr/bin/jupyterhub', ['-f', config])
    hub = started
    await until(
      'JupyterHub answers through the proxy',
      async () => started.exitCode !== null || (await hubAnswers()),
      120_000,
    )
    if (started.exitCode !== null) throw new Error(`JupyterHub ended with ${started.exitCode}`)
  }
  const end = async (child: ChildProcess | null, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    process.kill(child.pid, signal)
    await ended
  }
  const close = async (): Promise<void> => {
    for (const child of children.toReversed()) await end(child, 'SIGTERM')
    // Servers of a hub that was told to leave them live on, each in a session of its own: their home tells them.
    for (const pid of processesBelow(state)) process.kill(pid, 'SIGKILL')
    closeSync(output)
    rmSync(state, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  try {
    if (!startsProxy) {
      open(proxyCommand, [
        ...['--ip=127.0.0.1', `--port=${port}`, '--api-ip=127.0.0.1', `--api-port=${apiPort}`],
        `--error-target=http://127.0.0.1:${hubPort}/hub/error`,
      ])
      // A hub that does not find its proxy ends.
      await until('the proxy answers', async () => (await fetch(`${url}/_chp_healthz`)).ok)
    }
    await startHub()
    const { version: told }: { readonly version: string } = JSON.parse(await (await fetch(`${url}/hub/api`)).text())
    return {
      url,
      version: told,
      hubAnswers,
      startHub,
      killHub: () => end(hub, 'SIGKILL'),
      async routes() {
        const answer = await fetch(`http://127.0.0.1:${apiPort}/api/routes`, {
          headers: { Authorization: `token ${token}` },
        })
        return Object.keys(JSON.parse(await answer.text()))
      },
      log,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    const words = log()
      .replace(/^\{.*\n/gm, '')
      .slice(-3_000)
    await close()
    throw new Error(`JupyterHub ${version} did not start: ${words}`, { cause: error })
  }
}

/** Processes of this account whose home is in that folder. */
function processesBelow(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/environ`, 'utf8')
          .split('\0')
          .some((line) => line.startsWith(`HOME=${folder}`))
      } catch {
        return false
      }
    })
    .map(Number)
}

function accountOf(name: string): { readonly uid: number; readonly gid: number } {
  const id = (what: '-u' | '-g') => Number(execFileSync('id', [what, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
