import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { evidenceOf, logView, ownWords, tipsOf } from './ended-view.ts'
import { withoutSecrets } from './support-record.ts'
import { outcome } from './testing/fake-rooms.ts'

const lines = (n: number) => Array.from({ length: n }, (_, index) => `line ${index + 1}`)

describe('logView', () => {
  it('shows the last dozen lines of what failed, and the rest behind a fold', () => {
    const long = logView(lines(200), 'bad')
    assert.deepEqual([long.last.length, long.last.at(0), long.last.at(-1)], [12, 'line 189', 'line 200'])
    assert.equal(long.all.length, 200)
    assert.deepEqual(logView(lines(12), 'bad'), { last: lines(12), all: [] })
  })
  it('folds the log of what did not fail, unless a fold saves no room', () => {
    assert.deepEqual(logView(lines(5), 'idle'), { last: [], all: lines(5) })
    assert.deepEqual(logView(lines(4), 'idle'), { last: lines(4), all: [] })
    assert.deepEqual(logView([], 'idle'), { last: [], all: [] })
  })
})

describe('ownWords', () => {
  it('stand on the page where they say more than its sentence', () => {
    const words = (text: string, tone: 'bad' | 'idle' = 'bad', code = outcome.code) =>
      ownWords({ ...outcome, code, words: text }, tone)
    assert.equal(words('cancelled', 'idle', 'stopped-by-user'), null)
    assert.equal(words('the application was ended by SIGKILL'), null)
    assert.equal(words('OUT_OF_MEMORY'), null, 'the scheduler’s are the evidence')
    assert.equal(words('Detected 1 oom_kill event'), 'Detected 1 oom_kill event')
    assert.equal(words('the application was ended by SIGSEGV', 'bad', 'application-failed')?.endsWith('SIGSEGV'), true)
  })
})

describe('evidenceOf', () => {
  it('begins with the scheduler, in its words', () => {
    const words = 'the application was ended by SIGKILL'
    const use = { cpuSeconds: null, memoryPeakMiB: 16_281 }
    const [first, second] = evidenceOf({ ...outcome, words, signal: 'SIGKILL', exitCode: null, use }, 'larch')
    assert.deepEqual(first, { who: 'larch recorded', words: 'OUT_OF_MEMORY', more: '' })
    assert.deepEqual(second, { who: 'From the node', words, more: 'peak memory 15.9 GB' })
  })
  it('does not tell the peak of what ended before it was looked at', () => {
    const use = { cpuSeconds: null, memoryPeakMiB: 0 }
    const evidence = evidenceOf({ ...outcome, words: 'not found', signal: null, exitCode: 127, use }, 'larch')
    assert.equal(evidence[1]?.more, 'exit code 127')
  })
  it('adds exit code and signal where the words do not hold them', () => {
    const of = (words: string) =>
      evidenceOf({ ...outcome, words: null, accounting: { kind: 'failed', words, exitCode: 127 } }, 'larch')[0]?.more
    assert.equal(of('FAILED'), 'exit code 127')
    assert.equal(of('FAILED, exit 127:0'), '')
  })
  it('is empty where nobody said anything', () =>
    assert.deepEqual(evidenceOf({ ...outcome, words: null, accounting: null }, 'larch'), []))
})

it('has tips only for what the user can do something about', () => {
  assert.equal(tipsOf('out-of-memory')?.title, 'To need less memory')
  assert.equal(tipsOf('node-failure'), null)
})

it('takes secrets out of what leaves the page', () => {
  const table = [
    ['http://n1:8888/lab?token=0123456789abcdef&x=1', 'http://n1:8888/lab?token=[removed]&x=1'],
    ['Authorization: token 0123456789abcdef', 'Authorization: token [removed]'],
    ['got Bearer abc.def-0123', 'got Bearer [removed]'],
    ['password=hunter2 next', 'password=[removed] next'],
    ['exit code 137, KeyError: key', 'exit code 137, KeyError: key'],
  ] as const
  for (const [text, clean] of table) assert.equal(withoutSecrets(text), clean)
})
