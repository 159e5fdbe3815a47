import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { giveBackWhenLarge, hubMemory } from './hub-memory.ts'

const run = (script: string, settings: Record<string, string>): number => {
  const environment = { ...process.env, NODE_OPTIONS: '', ...settings }
  return Number(execFileSync(process.execPath, ['--eval', script], { encoding: 'utf8', env: environment }))
}

/** Nursery (MB) of a runtime that has made much that lives for a while. */
const nurseryMiB = (settings: Record<string, string>): number =>
  run(
    `const kept = []
for (let i = 0; i < 3e6; i++) kept[i % 60_000] = { i, text: 'x' + i }
const space = process.getBuiltinModule('node:v8').getHeapSpaceStatistics().find((each) => each.space_name === 'new_space')
console.log(space.space_size / 2 ** 20)`,
    settings,
  )

/** Heaps of the C library beside the first one, each of which reserves 64 MB of addresses, in a runtime whose threads have worked. */
const arenas = (settings: Record<string, string>): number =>
  run(
    `const { scryptSync, scrypt } = require('node:crypto')
let open = 8
const count = () => {
  if (--open > 0) return
  const sizes = new Map()
  for (const line of require('node:fs').readFileSync('/proc/self/maps', 'utf8').split('\\n')) {
    const [range, , , , inode] = line.split(/ +/)
    if (inode !== '0') continue
    const [from, to] = range.split('-').map((each) => parseInt(each, 16))
    const start = Math.floor(from / 2 ** 26)
    if (Math.floor((to - 1) / 2 ** 26) === start) sizes.set(start, (sizes.get(start) ?? 0) + to - from)
  }
  console.log([...sizes.values()].filter((size) => size === 2 ** 26).length)
}
for (let i = 0; i < 8; i++) scrypt('a', 'b', 32, count)`,
    settings,
  )

/** Heap (MB) at its largest, of a runtime that holds 30 MB and makes some hundred. */
const heapMiB = (before: string): number =>
  run(
    `(async () => {
${before}
const kept = []
let most = 0
for (let i = 0; i < 4e6; i++) {
  kept[i % 300_000] = { i, text: 'x' + i }
  if (i % 50_000 === 0) most = Math.max(most, process.memoryUsage().heapTotal)
}
console.log(most / 2 ** 20)
})()`,
    hubMemory(),
  )

/** Common heap of the C library (MB) of a runtime that has freed one large block and then holds twenty of 2 MB. */
const commonHeapMiB = (settings: Record<string, string>): number =>
  run(
    `require('node:v8').setFlagsFromString('--expose-gc')
const collect = require('node:vm').runInNewContext('gc')
;(() => void Buffer.alloc(24e6, 1))()
setTimeout(function measure() {
  collect()
  // Another thread gives the block back, in its own time.
  if (process.memoryUsage().arrayBuffers > 4e6) return setTimeout(measure, 1)
  const kept = Array.from({ length: 20 }, () => Buffer.alloc(2e6, 1))
  const line = require('node:fs').readFileSync('/proc/self/maps', 'utf8').split('\\n').find((each) => each.endsWith('[heap]'))
  const [from, to] = line.split(' ')[0].split('-').map((each) => parseInt(each, 16))
  console.log(kept.length && (to - from) / 2 ** 20)
}, 1)`,
    settings,
  )

/** Memory (MB) beside V8's heap, of a runtime that was large once and goes on working. */
const spareMiB = (before: string): number =>
  run(
    `(async () => {
${before}
let held = Array.from({ length: 300_000 }, (_, i) => ({ i, parts: [i, { i }], text: 'text of the object ' + i }))
held = held.filter((_, i) => i % 5 === 0)
const kept = []
for (let turn = 0; turn < 80; turn++) {
  for (let i = 0; i < 50_000; i++) kept[i % 30_000] = { i, text: 'x' + i }
  await new Promise(setImmediate)
}
const [, anonymous] = /^RssAnon:\\s+(\\d+)/m.exec(process.getBuiltinModule('node:fs').readFileSync('/proc/self/status', 'utf8'))
console.log(held.length && anonymous / 2 ** 10 - process.memoryUsage().heapTotal / 2 ** 20)
})()`,
    hubMemory(),
  )

describe('the memory of the hub', () => {
  it('is given back while the hub is large, and only then at the cost of speed', () => {
    const flags: string[] = []
    let [rss, look] = [100, (): void => {}]
    giveBackWhenLarge({
      rss: () => rss * 2 ** 20,
      setFlag: (flag) => flags.push(flag),
      every(_, run) {
        look = run
        return () => undefined
      },
    })
    for (const mebibytes of [100, 181, 220, 160, 149, 160, 181]) {
      rss = mebibytes
      look()
    }
    assert.deepEqual(flags, ['--optimize-for-size', '--no-optimize-for-size', '--optimize-for-size'])
  })

  it('has no spare pages left when the flag is set, which V8 keeps by itself', () => {
    const room = JSON.stringify(import.meta.resolve('./hub-memory.ts'))
    const begin = `const { giveBackWhenLarge, keepHeapSmall } = await import(${room})
keepHeapSmall()`
    // Large from the first look on.
    const saving = `${begin}
giveBackWhenLarge({ rss: () => 2 ** 30, setFlag: process.getBuiltinModule('node:v8').setFlagsFromString, every: (_, run) => run() })`
    const spare = spareMiB(saving)
    assert.ok(spareMiB(begin) > spare + 20, `${spare} MB`)
  })

  it('is collected before it is four times what is in use', () => {
    const room = JSON.stringify(import.meta.resolve('./hub-memory.ts'))
    const small = heapMiB(`(await import(${room})).keepHeapSmall()`)
    assert.ok(small < 110, `${small} MB`)
    assert.ok(heapMiB('') > small * 1.25)
  })

  it('has a small nursery, which Node does not give it by itself', () => {
    assert.ok(nurseryMiB(hubMemory()) <= 8)
    assert.ok(nurseryMiB({}) > 8)
  })

  it('has one heap for all threads, which the C library does not give it by itself', () => {
    assert.equal(arenas(hubMemory()), 0)
    assert.ok(arenas({}) > 0)
  })

  it('takes large blocks from the kernel one by one, however many have been freed', () => {
    assert.ok(commonHeapMiB(hubMemory()) < 30)
    assert.ok(commonHeapMiB({ MALLOC_ARENA_MAX: '1' }) > 40)
  })

  it('lets go of what only the start needed', () => {
    const room = JSON.stringify(import.meta.resolve('./hub-memory.ts'))
    const heldMiB = (after: string): number =>
      run(
        `(async () => {
const { letGoOfStart } = await import(${room})
;(() => Array.from({ length: 400_000 }, (_, i) => ({ i, text: 'x' + i })))()
${after}
const [, anonymous] = /^RssAnon:\\s+(\\d+)/m.exec(process.getBuiltinModule('node:fs').readFileSync('/proc/self/status', 'utf8'))
console.log(anonymous / 2 ** 10)
})()`,
        hubMemory(),
      )
    const small = heldMiB('letGoOfStart()')
    assert.ok(heldMiB('') > small + 20, `${small} MB`)
    const collected = heldMiB(`const v8 = process.getBuiltinModule('node:v8')
v8.setFlagsFromString('--expose-gc')
process.getBuiltinModule('node:vm').runInNewContext('gc')()`)
    assert.ok(
      collected > small + 5,
      `a usual collection keeps the pages that it has emptied: ${collected} and ${small} MB`,
    )
  })

  it('is what a site says, if it says so', () => {
    assert.ok(nurseryMiB(hubMemory({ NODE_OPTIONS: '--max-semi-space-size=16' })) > 8)
    assert.ok(arenas(hubMemory({ MALLOC_ARENA_MAX: '8' })) > 0)
    assert.ok(commonHeapMiB(hubMemory({ MALLOC_MMAP_THRESHOLD_: '33554432' })) > 40)
  })
})
