import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { withHubMemory } from './hub-memory.ts'

/** Nursery (MB) of a runtime that has made much that lives for a while. */
function nurseryMiB(options: string): number {
  const script = `const kept = []
for (let i = 0; i < 3e6; i++) kept[i % 60_000] = { i, text: 'x' + i }
const space = process.getBuiltinModule('node:v8').getHeapSpaceStatistics().find((each) => each.space_name === 'new_space')
console.log(space.space_size / 2 ** 20)`
  const environment = { ...process.env, NODE_OPTIONS: options }
  return Number(execFileSync(process.execPath, ['--eval', script], { encoding: 'utf8', env: environment }))
}

describe('the memory of the hub', () => {
  it('has a small nursery, which Node does not give it by itself', () => {
    assert.ok(nurseryMiB(withHubMemory(undefined)) <= 8)
    assert.ok(nurseryMiB('') > 8)
  })

  it('is what a site says, if it says so', () => {
    assert.ok(nurseryMiB(withHubMemory('--max-semi-space-size=16')) > 8)
  })
})
