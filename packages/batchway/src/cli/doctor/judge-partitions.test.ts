import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Partition } from '@batchway/schedulers'
import { type AskingProfile, judgePartitions } from './judge-partitions.ts'

const partition = (name: string, change: Partial<Partition> = {}): Partition => ({
  name,
  isUp: true,
  isDefault: name === 'debug',
  maxWallSeconds: 1_800,
  coresPerNode: 32,
  memoryMiBPerNode: 128_000,
  gpuTypes: [],
  cores: { idle: 10, total: 32 },
  ...change,
})
const partitions = [
  partition('debug'),
  partition('batch', { maxWallSeconds: null }),
  partition('gpu', { maxWallSeconds: 86_400, gpuTypes: [{ type: 'a100', count: 4 }] }),
]
interface Asked {
  readonly resources?: Partial<AskingProfile['resources']>
  readonly choose?: Partial<AskingProfile['choose']>
  readonly partition?: string
}
const profile = ({ resources, choose, partition: name }: Asked): AskingProfile => ({
  key: 'p',
  resources: { cores: 2, memory: 4_096, gpus: 0, walltime: 600, ...resources },
  choose: { options: {}, ...choose },
  options: name === undefined ? {} : { partition: name },
})
const cases: readonly (readonly [string, Asked, string, RegExp])[] = [
  ['fits the default partition', {}, 'ok', /1 profiles fit/],
  ['fits one of several', { partition: 'debug,batch', resources: { walltime: 90_000 } }, 'ok', /fit/],
  ['names what does not exist', { partition: 'bacth' }, 'problem', /partition bacth, which does not exist/],
  [
    'wants more time than there is',
    { resources: { walltime: 7_200 } },
    'problem',
    /never run: 2h is more than the 30m/,
  ],
  ['wants more cores', { partition: 'batch', resources: { cores: 64 } }, 'problem', /64 cores; a node of batch has 32/],
  ['wants more memory', { partition: 'batch', resources: { memory: 204_800 } }, 'problem', /200G of memory; .* 125G/],
  [
    'wants GPUs where none are',
    { partition: 'batch', resources: { gpus: 1 } },
    'problem',
    /1 GPUs; a node of batch has 0/,
  ],
  ['wants GPUs of a type', { partition: 'gpu', resources: { gpus: 2, gpuType: 'a100' } }, 'ok', /fit/],
  ['wants GPUs of another type', { partition: 'gpu', resources: { gpus: 1, gpuType: 'h100' } }, 'problem', /type h100/],
  [
    'lets users choose too much',
    { choose: { walltime: [60, 7_200] } },
    'warning',
    /lets users choose what can never run: 2h/,
  ],
]

describe('judgePartitions', () => {
  for (const [name, change, status, words] of cases)
    it(`calls a profile that ${name} ${status}`, () => {
      const [verdict] = judgePartitions([profile(change)], partitions)
      assert.equal(verdict?.status, status)
      assert.match(verdict.words, words)
    })
  it('warns where the partition is down, and where there are none to be seen', () => {
    const down = judgePartitions([profile({ partition: 'batch' })], [partition('batch', { isUp: false })])
    assert.equal(down[0]?.status, 'warning')
    assert.equal(judgePartitions([profile({})], [])[0]?.status, 'warning')
  })
  it('wants a partition named where none is the default', () => {
    assert.match(judgePartitions([profile({})], [partition('batch')])[0]?.words ?? '', /names no partition/)
  })
})
