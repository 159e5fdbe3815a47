import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const undici = 'NativeModule internal/deps/undici/undici'

/** Built-in modules that a process has loaded after these words. */
function loadedBy(words: string): readonly string[] {
  const script = `${words}; console.log(JSON.stringify(process.moduleLoadList))`
  const flags = ['--conditions=source', '--input-type=module', `--eval=${script}`]
  return JSON.parse(execFileSync(process.execPath, flags, { encoding: 'utf8' }))
}
const load = (file: string): string => `await import(${JSON.stringify(join(import.meta.dirname, file))})`

describe('the start of an agent', () => {
  it('does not load what only fetch and WebSocket need', () => {
    assert.equal(loadedBy(load('agent.ts')).includes(undici), false)
  })

  it('would, if it imported node:http as usual', () => {
    assert.equal(loadedBy("await import('node:http')").includes(undici), true)
  })
})
