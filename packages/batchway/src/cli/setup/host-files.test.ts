import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Config } from '../../core/config.ts'
import { compareAll } from '../init/carry-out.ts'
import { differencesText, hostFiles, writeHostFiles } from './host-files.ts'

const size = { cores: 1, memory: '1G', walltime: '1h' }
const config = Config.parse({
  stateDirectory: '/var/lib/batchway-test',
  clusters: { larch: { driver: 'slurm' } },
  applications: { lab: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'a', title: 'A', cluster: 'larch', application: 'lab', resources: size }],
})
const asked = {
  configFile: '/etc/batchway-test/batchway.yaml',
  instance: 'test',
  account: 'batchway',
  group: 'batchway-users',
  environment: { SLURM_CONF: '/opt/slurm.conf' },
  installed: '/opt/batchway/current',
}

describe('setup all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-files-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  /** Elsewhere than in /etc. */
  const here = async () => {
    const { files } = await hostFiles({ config, files: [], drivers: [], logins: [] }, asked)
    return files.map((file) => ({ ...file, path: join(folder, file.path.replace(/^.*\//, '')) }))
  }

  it('has no sudo rule where nothing needs one', async () => {
    const { files } = await hostFiles({ config, files: [], drivers: [], logins: [] }, asked)
    assert.deepEqual(
      files.map(({ path }) => path.replace('/etc/systemd/system/', '')),
      [
        'batchway-proxy@test.service',
        'batchway-hub@test.service',
        'batchway-report@test.service',
        'batchway-report@test.timer',
        'batchway@test.target',
      ],
    )
    assert.match(
      files[1]?.text ?? '',
      /^ExecStart=\/opt\/batchway\/current\/bin\/batchway hub --config \/etc\/batchway-test\/batchway\.yaml$/m,
    )
  })
  it('writes what differs, and then nothing differs', async () => {
    const files = await here()
    assert.match(differencesText(compareAll(files)), /batchway-hub@test\.service: is missing\n/)
    assert.equal((await writeHostFiles(compareAll(files))).length, 5)
    assert.equal(differencesText(compareAll(files)), '')
    assert.deepEqual(await writeHostFiles(compareAll(files)), [])
    assert.equal(existsSync(join(folder, 'batchway@test.target~')), false)
  })
  it('says how a file differs that somebody edited, and keeps it beside', async () => {
    const file = join(folder, 'batchway@test.target')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, `${before}# mine\n`)
    assert.match(differencesText(compareAll(await here())), /batchway@test\.target: differs .*\n- # mine\n$/)
    await writeHostFiles(compareAll(await here()))
    assert.equal(readFileSync(file, 'utf8'), before)
    assert.match(readFileSync(`${file}~`, 'utf8'), /# mine/)
  })
})
