/** With a stand-in for `nvidia-smi`: no GPU is here. What it prints has the form that its manual describes. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { jobGpus, openGpuMeter, parseGpuUse, type RunProgram } from './gpu-meter.ts'
import { until } from './testing/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'batchway-gpu-'))
after(() => rmSync(folder, { recursive: true }))
const program = join(folder, 'nvidia-smi')
function install(body: string): void {
  writeFileSync(program, `#!/bin/sh\n${body}\n`)
  chmodSync(program, 0o755)
}
const two = { PATH: `${folder}:/usr/bin:/bin`, CUDA_VISIBLE_DEVICES: '0,2' }
const oneGpu = { percent: 63, memoryBytes: 10_240 * 2 ** 20, memoryTotalBytes: 40_960 * 2 ** 20 }
const idle = { percent: 0, memoryBytes: 0, memoryTotalBytes: 40_960 * 2 ** 20 }

describe('the use of GPUs', () => {
  for (const [told, ids] of [
    [undefined, []],
    ['', []],
    ['0', ['0']],
    ['1, 3', ['1', '3']],
    ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6', ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6']],
    ['NoDevFiles', []],
    ['-1', []],
    ['0;id', []],
  ] as const)
    it(`reads CUDA_VISIBLE_DEVICES=${told}`, () => assert.deepEqual(jobGpus({ CUDA_VISIBLE_DEVICES: told }), ids))

  it('reads what is told, and knows what is not', () => {
    assert.deepEqual(parseGpuUse('63, 10240, 40960\n0, 0, 40960\n'), [oneGpu, idle])
    const unknown = { percent: null, memoryBytes: null, memoryTotalBytes: null }
    assert.deepEqual(parseGpuUse('[N/A], [N/A], [Not Supported]\nnonsense\n'), [unknown, unknown])
    assert.deepEqual(parseGpuUse(''), [])
  })

  it('is asked of nvidia-smi for the GPUs of the job, and told with the next heartbeat', async () => {
    install(`printf '%s\\n' "$@" > ${folder}/asked; echo "63, 10240, 40960"; echo "0, 0, 40960"`)
    const meter = openGpuMeter(two)
    assert.equal(meter(), undefined)
    await until('an answer', () => meter())
    assert.deepEqual(meter(), [oneGpu, idle])
  })

  it('is left out where nvidia-smi is absent, the job has no GPU, or fewer answer than it has', async () => {
    const asked: string[][] = []
    const run: RunProgram = async (_, args) => {
      asked.push([...args])
      return '63, 10240, 40960\n'
    }
    assert.equal(openGpuMeter({ ...two, PATH: '/nowhere' }, run)(), undefined)
    assert.equal(openGpuMeter({ PATH: two.PATH }, run)(), undefined)
    assert.deepEqual(asked, [])
    const meter = openGpuMeter(two, run)
    for (let times = 0; times < 10; times++) {
      meter()
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(meter(), undefined)
    assert.equal(asked.length, 3, 'and is not asked for ever')
    assert.deepEqual(asked[0]?.[0], '--id=0,2')
  })

  it('is asked once at a time', async () => {
    let count = 0
    let answer: (text: string) => void = () => undefined
    const run: RunProgram = () => {
      count += 1
      return new Promise((resolve) => {
        answer = resolve
      })
    }
    const meter = openGpuMeter(two, run)
    for (let times = 0; times < 5; times++) assert.equal(meter(), undefined)
    assert.equal(count, 1)
    answer('1, 2, 3\n4, 5, 6\n')
    await until('the answer is known', () => meter())
    assert.equal(count, 2)
  })
})
