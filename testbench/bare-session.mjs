/**
 * Runs on a bare machine, by a release's own Node: bare-session.mjs RELEASE FOLDER. Starts the gateway with the local driver, has it run
 * a session as this account, opens it through the proxy, and stops everything. Prints what the session's page says.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

const [release = '', folder = ''] = process.argv.slice(2)
const { username } = userInfo()
const token = '0123456789abcdef0123456789abcdef0123456789abcdef'
const port = 18_000
const site = `http://127.0.0.1:${port}/`

mkdirSync(folder, { recursive: true, mode: 0o700 })
const put = (name, text) => {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
  chmodSync(join(folder, name), 0o600)
  return join(folder, name)
}
const app = put(
  'app.js',
  `require('node:http').createServer((_, answer) => answer.end('a session as ' + require('node:os').userInfo().username)).listen(Number(process.argv[2]), '127.0.0.1')`,
)
const tokenFile = put('token', token)
const config = put(
  'batchway.yaml',
  JSON.stringify({
    url: site,
    listen: [`127.0.0.1:${port}`],
    stateDirectory: join(folder, 'state'),
    hub: { internal: ['127.0.0.1:18001'] },
    services: { operator: { apiTokenFile: tokenFile } },
    roles: { operator: { scopes: ['admin:users', 'servers', 'read:servers'], services: ['operator'] } },
    clusters: { here: { driver: 'local', transport: 'self' } },
    applications: { app: { kind: 'jupyterhub-singleuser', command: [process.execPath, app, '{port}'] } },
    profiles: [
      {
        key: 'small',
        title: 'Small',
        cluster: 'here',
        application: 'app',
        resources: { cores: 1, memory: '100M', walltime: '10m' },
      },
    ],
  }),
)

async function api(method, path, body) {
  const answer = await fetch(`${site}hub/api${path}`, {
    method,
    headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? null : JSON.parse(text)
}

async function until(what, ask) {
  const end = Date.now() + 120_000
  while (Date.now() < end) {
    const found = await ask()
    if (found) return found
    await sleep(100)
  }
  throw new Error(`waited in vain: ${what}`)
}

const gateway = spawn(join(release, 'bin/batchway'), ['start', `--config=${config}`], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  let words = ''
  gateway.stdout.on('data', (chunk) => {
    words += chunk
  })
  await until('the gateway is up', () => {
    if (gateway.exitCode !== null) throw new Error(`the gateway ended: ${words}`)
    return words.includes('Batchway runs at')
  })
  await api('POST', `/users/${username}`)
  await api('POST', `/users/${username}/server`, { profile: 'small' })
  await until('the session is ready', async () => (await api('GET', `/users/${username}`)).servers['']?.ready)
  const page = await until('the session answers', async () => {
    const answer = await fetch(`${site}user/${username}/`, { redirect: 'manual' })
    return answer.status === 200 && (await answer.text())
  })
  process.stdout.write(`${page}\n`)
  await api('DELETE', `/users/${username}/server`)
} finally {
  if (gateway.exitCode === null) {
    gateway.kill('SIGTERM')
    await once(gateway, 'exit')
  }
}
