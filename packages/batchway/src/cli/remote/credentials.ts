/** Which hub is asked, and with which token. A token is never an argument: others on the machine read command lines. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { CommandProblem } from './exit-statuses.ts'

export interface Credentials {
  /** Root of the API without a slash at its end: `https://hpc.example.edu/jupyter/hub/api`. */
  readonly api: string
  readonly token: string
  /** Where the token came from, for sentences. */
  readonly source: string
  /** The token would cross a network that others can read. */
  readonly isInClear: boolean
}

export interface CredentialOptions {
  readonly url?: string
  readonly tokenFile?: string
}

type Env = Readonly<Record<string, string | undefined>>

/** `$XDG_CONFIG_HOME/batchway/credentials.yaml`, else below `~/.config`. */
export const credentialsPath = (env: Env): string =>
  join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'batchway', 'credentials.yaml')

const CredentialsFile = z.strictObject({ url: z.string(), token: z.string() })

/**
 * Read a file that holds a secret.
 * @returns null if there is none.
 * @throws {CommandProblem} where somebody else could read or could have written it.
 */
export function readSecretFile(path: string): string | null {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new CommandProblem('credentials', `${path} cannot be read (${code})`)
  }
  try {
    const status = fstatSync(file)
    const { mode, uid } = status
    if (!status.isFile()) throw new CommandProblem('credentials', `${path} is not a file: write the token into one`)
    if (uid !== process.geteuid?.() && uid !== 0)
      throw new CommandProblem('credentials', `${path} belongs to another account (uid ${uid}): use a file of your own`)
    if ((mode & 0o077) !== 0)
      throw new CommandProblem(
        'credentials',
        `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): revoke the token in it if others may have, then run "chmod 600 ${path}"`,
      )
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** The root of the API below what people copy: the gateway's address, the hub's, or the API's own. @throws {CommandProblem} */
export function apiRoot(text: string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new CommandProblem('refused', `"${text}" is no address: write one such as https://hpc.example.edu/`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new CommandProblem('refused', `"${text}" is no address of a hub: write one that begins with https://`)
  if (url.username !== '' || url.password !== '')
    throw new CommandProblem('refused', 'an address with a name and a password in it is not used: leave them out')
  const base = url.pathname.replace(/\/+$/, '').replace(/\/hub(\/(api|home|token))?$/, '')
  return `${url.origin}${base}/hub/api`
}

const isLoopback = (api: string): boolean => /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(api).hostname)

/**
 * The first of: `--url` and `--token-file`; `BATCHWAY_URL`, `BATCHWAY_TOKEN`; `JUPYTERHUB_API_URL`, `JUPYTERHUB_API_TOKEN` (set in every
 * session); the credentials file. Address and token may come from different places, with one rule: the session's token and the file's
 * go to nobody but the hub that stands beside them.
 * @throws {CommandProblem} with what to write where.
 */
export function findCredentials({ url, tokenFile }: CredentialOptions, env: Env): Credentials {
  const path = credentialsPath(env)
  const filed = () => {
    const text = readSecretFile(path)
    if (text === null) return null
    const read = CredentialsFile.safeParse(yamlOf(text))
    if (read.success) return { api: apiRoot(read.data.url), token: read.data.token }
    // The reason is not passed on: it may quote the file.
    throw new CommandProblem('credentials', `${path} must hold two lines: "url: https://…" and "token: …"`)
  }
  const session = env.JUPYTERHUB_API_URL ? apiRoot(env.JUPYTERHUB_API_URL) : null
  const named = url ?? (env.BATCHWAY_URL || undefined)
  const api = named === undefined ? (session ?? filed()?.api) : apiRoot(named)
  if (api === undefined)
    throw new CommandProblem(
      'credentials',
      `which hub? Give --url https://…, set BATCHWAY_URL, or write ${path} (mode 600): url and token, a line each`,
    )
  const found = ((): { token: string; source: string } | null => {
    if (tokenFile !== undefined) {
      const text = readSecretFile(tokenFile)
      if (text === null)
        throw new CommandProblem('credentials', `there is no file ${tokenFile}: write the token into it (mode 600)`)
      return { token: text, source: tokenFile }
    }
    if (env.BATCHWAY_TOKEN) return { token: env.BATCHWAY_TOKEN, source: 'BATCHWAY_TOKEN' }
    if (env.JUPYTERHUB_API_TOKEN && session === api)
      return { token: env.JUPYTERHUB_API_TOKEN, source: 'JUPYTERHUB_API_TOKEN' }
    const file = filed()
    return file?.api === api ? { token: file.token, source: path } : null
  })()
  const site = api.slice(0, -'hub/api'.length)
  if (found === null)
    throw new CommandProblem(
      'credentials',
      `there is no token for ${site}: make one at ${site}hub/token, then write it into ${path} (mode 600; url: ${site}, token: …), or give --token-file FILE`,
    )
  const token = found.token.trim()
  if (!/^[\x21-\x7e]{1,4096}$/.test(token))
    throw new CommandProblem('credentials', `${found.source} does not hold one token alone`)
  return {
    api,
    token,
    source: found.source,
    isInClear: api.startsWith('http:') && !isLoopback(api) && api !== session,
  }
}

function yamlOf(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return null
  }
}
