/** Programs on JupyterHub's own Python package: Debian's (3.0) and that of the trixie tree (5.2). */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { programText } from './as-person.ts'
import { trixieRun } from './trixie-run.ts'
import { until } from './until.ts'

/** What runs a program on each version of the package. */
const pythons = {
  '3.0': ['/usr/bin/python3'],
  '5.2': [trixieRun, 'python3'],
} as const satisfies Record<string, readonly [string, ...string[]]>
export type Version = keyof typeof pythons
export const versions = ['3.0', '5.2'] as const satisfies readonly Version[]

type Environment = Readonly<Record<string, string>>
const clean = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/nonexistent' }

function argvOf(version: Version, program: string): readonly [string, ...string[]] {
  const [file, ...args] = pythons[version]
  return [file, ...args, '-I', '-u', '-c', programText(program)]
}

/** Run a program of this folder to its end. @returns what it printed, as JSON. */
export async function runPython(version: Version, program: string, environment: Environment): Promise<unknown> {
  const [file, ...args] = argvOf(version, program)
  const env = { ...clean, ...environment }
  const { stdout } = await promisify(execFile)(file, args, { env, cwd: '/tmp', timeout: 120_000 })
  return JSON.parse(stdout)
}

export interface ServicePlace {
  readonly name: string
  readonly port: number
  readonly token: string
  /** The hub as the service reaches it: `http://127.0.0.1:8081/hub/api`. */
  readonly apiUrl: string
  /** The gateway's path with both slashes. */
  readonly base: string
}

/** Start `who-service.py` with the environment that docs/how-to/services.md gives, and wait until it listens. */
export async function startService(
  version: Version,
  { name, port, token, apiUrl, base }: ServicePlace,
  more: Environment = {},
): Promise<AsyncDisposable> {
  const prefix = `${base}services/${name}/`
  const [file, ...args] = argvOf(version, 'who-service.py')
  const child = spawn(file, args, {
    cwd: '/tmp',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...clean,
      CACHE_SECONDS: '300',
      JUPYTERHUB_API_TOKEN: token,
      JUPYTERHUB_SERVICE_NAME: name,
      JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${port}`,
      JUPYTERHUB_SERVICE_PREFIX: prefix,
      JUPYTERHUB_BASE_URL: base,
      JUPYTERHUB_API_URL: apiUrl,
      JUPYTERHUB_CLIENT_ID: `service-${name}`,
      JUPYTERHUB_OAUTH_CALLBACK_URL: `${prefix}oauth_callback`,
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: JSON.stringify(['access:services', `access:services!service=${name}`]),
      ...more,
    },
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = once(child, 'close')
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  }
  try {
    await until(
      `the service ${name} listens`,
      async () => {
        if (child.exitCode !== null) return true
        const { status } = await fetch(`http://127.0.0.1:${port}/`)
        return status === 404
      },
      90_000,
    )
    if (child.exitCode !== null) throw new Error(`the service ended: ${said}`)
  } catch (error) {
    await close()
    throw error
  }
  return { [Symbol.asyncDispose]: close }
}
