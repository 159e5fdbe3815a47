/** A site's state and configuration as a hub leaves them, without a hub. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { LoadedConfig } from '../../core/load-config.ts'
import { migrate } from '../../store/migrate.ts'
import { openDatabase } from '../../store/open.ts'
import { loadSite } from '../load-site.ts'

export interface SavedSite extends Disposable {
  readonly folder: string
  readonly state: string
  readonly configFile: string
  readonly database: string
  load(): Promise<LoadedConfig>
  /** Make the database and a user in it. */
  addUser(name: string): Promise<void>
  users(): Promise<readonly string[]>
}

export function openSavedSite(database?: string): SavedSite {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-backup-'))
  const state = join(folder, 'state')
  const configFile = join(folder, 'batchway.yaml')
  const secret = join(folder, 'mail password')
  mkdirSync(state, { mode: 0o700 })
  writeFileSync(secret, 'mail-secret\n', { mode: 0o600 })
  const config = {
    stateDirectory: state,
    ...(database !== undefined && { database }),
    report: {
      mail: { from: 'a@example.org', to: ['b@example.org'], host: 'localhost', user: 'u', passwordFile: secret },
    },
    clusters: { here: { driver: 'local' } },
    applications: { app: { kind: 'command', command: ['true', '{port}'] } },
    profiles: [
      {
        key: 'p',
        title: 'P',
        cluster: 'here',
        application: 'app',
        resources: { cores: 1, memory: '1G', walltime: '1h' },
      },
    ],
  }
  writeFileSync(configFile, stringify(config), { mode: 0o600 })
  const url = database ?? `sqlite:${join(state, 'batchway.db')}`
  const files = { 'hub.key': 'a-key', 'proxy.token': 'a-token', 'proxy-routes.json': '{}', 'events.position': '7' }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(state, name), text, { mode: 0o600 })
  return {
    folder,
    state,
    configFile,
    database: url,
    load: () => loadSite(configFile),
    async addUser(name) {
      await using opened = openDatabase(url)
      await migrate(opened, 1)
      await opened.db
        .insertInto('user')
        .values({ name, is_admin: 0, created_at: 1, last_activity_at: null, preferences: '{}', claims: '{}' })
        .execute()
    },
    async users() {
      await using opened = openDatabase(url)
      return (await opened.db.selectFrom('user').select('name').orderBy('id').execute()).map(({ name }) => name)
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
