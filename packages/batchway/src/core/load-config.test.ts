import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { loadConfig } from './load-config.ts'

describe('loadConfig', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'batchway-config-'))
  })
  after(() => rm(folder, { recursive: true }))

  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, text)
    return path
  }

  const body = `
stateDirectory: /var/lib/batchway
clusters: { here: { driver: local } }
applications: { lab: { kind: jupyter } }
profiles: [{ key: small, title: Small, cluster: here, application: lab }]
`

  it('reads YAML', async () => {
    const { config } = await loadConfig(await write('good.yaml', body))
    assert.equal(config.profiles[0]?.key, 'small')
  })

  it('reads a TypeScript module', async () => {
    const { config } = await loadConfig(
      await write(
        'batchway.config.ts',
        `const title: string = 'Small'
export default { config: { stateDirectory: '/s', clusters: { here: { driver: 'local' } }, applications: { lab: { kind: 'jupyter' } },
  profiles: [{ key: 'small', title, cluster: 'here', application: 'lab' }] } }`,
      ),
    )
    assert.equal(config.profiles[0]?.title, 'Small')
  })

  it('names line and column of broken YAML', async () => {
    await assert.rejects(loadConfig(await write('broken.yaml', `${body}\nprofiles: [`)), /line \d+, column \d+/)
  })

  it('refuses a key that stands twice', async () => {
    await assert.rejects(loadConfig(await write('twice.yaml', `${body}\nclusters: {}`)), /unique/i)
  })

  it('says that a file is not there', async () => {
    await assert.rejects(loadConfig(join(folder, 'none.yaml')), /there is no such file/)
  })

  it('says what a module must export', async () => {
    await assert.rejects(loadConfig(await write('odd.mjs', 'export default 1')), /defineConfig/)
  })
})
