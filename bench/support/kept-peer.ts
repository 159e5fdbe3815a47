/** JupyterHub's database of many users, made once through its API (minutes) and kept beside the tree it was made with. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openJupyterHub } from './jupyterhub.ts'
import { type Api, makeTokens, makeUsers, type Numbers } from './users.ts'

export interface KeptUsers {
  /** SQLite file; to be copied. */
  readonly database: string
  /** Of the first users. */
  readonly tokens: readonly string[]
}

export async function keptJupyterHubUsers(trixieRun: string, numbers: Numbers): Promise<KeptUsers> {
  const version = execFileSync(trixieRun, ['jupyterhub', '--version'], { encoding: 'utf8' }).trim()
  const folder = join(dirname(trixieRun), 'jupyterhub-users')
  const database = join(folder, `${version}-${numbers.users}-${numbers.tokens}.sqlite`)
  const tokensFile = `${database}.tokens`
  const read = (): KeptUsers => ({ database, tokens: readFileSync(tokensFile, 'utf8').trim().split('\n') })
  if (existsSync(database)) return read()
  console.error(`  making ${numbers.users} users in JupyterHub ${version}, once`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  await using hub = await openJupyterHub(trixieRun, { port: 20_010 })
  const api: Api = hub.api
  await makeUsers(api, 0, numbers.users)
  writeFileSync(tokensFile, `${(await makeTokens(api, numbers.tokens)).join('\n')}\n`, { mode: 0o600 })
  copyFileSync(hub.database, `${database}.new`)
  renameSync(`${database}.new`, database)
  return read()
}
