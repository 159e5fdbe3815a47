import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Command, drivers, openCluster, type RunOptions, selfTransport } from '@batchway/schedulers'
import { blanks, fillBlanks, makeJobRequest, outputPathOf, previewJob, toPreview } from './job-request.ts'
import type { ClusterSite } from './room.ts'
import { sampleSpec } from './testing/bench.ts'

const slurm = drivers.find(({ id }) => id === 'slurm')
assert.ok(slurm)
const usual = sampleSpec()
const settings = { instance: 'zz', hubPatienceSeconds: 60 }
const spec = {
  ...usual,
  cluster: 'larch',
  resources: { cores: 2, memoryMiB: 4_096, gpus: 1, gpuType: 'a100', wallSeconds: 3_600 },
  jobOptions: { partition: 'batch', account: 'hydro' },
  application: { ...usual.application, prologue: 'export SITE=1' },
}

describe('the preview of a job', () => {
  it('is what the scheduler gets, byte for byte, once its blanks are filled in', async () => {
    const got: Command[] = []
    const cluster = openCluster({
      key: 'larch',
      driver: slurm,
      transport: selfTransport('alice'),
      environment: {},
      run: async (command: Command, _options: RunOptions) => {
        got.push(command)
        return { exitCode: 0, stdout: '17\n', stderr: '' }
      },
    })
    const site: ClusterSite = {
      cluster,
      title: 'Larch',
      hubUrl: 'http://hub:8081/hub/api',
      agent: { directory: '/shared/agent', node: '/shared/node' },
      listen: { address: '0.0.0.0', ports: null },
      advertise: null,
      accountOf: async () => 'alice',
      homeOf: async () => '/home/alice',
    }
    const preview = await previewJob({ name: 'alice', claims: {} }, spec, new Map([['larch', site]]), settings)
    assert.match(preview.command.join(' '), /--gres=gpu:a100:1 --partition=batch --account=hydro/)
    assert.match(preview.script, /export SITE=1/)
    assert.deepEqual(got, [], 'nothing was run')

    const session = { id: 'abcdefgh1', attempt: 1, account: 'alice', spec }
    const secret = 'f'.repeat(64)
    const tag = 'bzzabcdefgh101'
    const request = await makeJobRequest(
      session,
      { tag, secret, outputPath: outputPathOf('/home/alice', tag) },
      site,
      settings,
    )
    await cluster.submit(request)
    const [submitted] = got
    assert.ok(submitted)
    assert.deepEqual(toPreview(submitted), fillBlanks(preview, session, secret))
    assert.notDeepEqual(toPreview(submitted), preview, 'control: the blanks are there')
    assert.ok(!JSON.stringify(preview).includes(secret) && preview.script.includes(blanks.secret))
  })
})
