import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { newKey, notePath, openExchange, pruneExchange, readNote, replaceNote, writeNoteOnce } from './exchange.ts'
import { parseResult } from './order.ts'

const me = process.getuid?.() ?? -1

describe('exchange', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bw-exchange-'))
  after(() => rmSync(folder, { recursive: true }))
  const path = (name: string): string => join(folder, name)

  it('may be entered and written by all but listed by its owner alone, when it is shared', () => {
    openExchange(path('shared'), true)
    openExchange(path('own'), false)
    assert.deepEqual([statSync(path('shared')).mode & 0o7777, statSync(path('own')).mode & 0o7777], [0o1733, 0o700])
  })

  it('keeps the first note of a name', () => {
    assert.equal(writeNoteOnce(path('once'), { first: true }), true)
    assert.equal(writeNoteOnce(path('once'), { first: false }), false)
    assert.equal(readNote(path('once'), [me]), '{"first":true}')
    replaceNote(path('once'), { first: false })
    assert.equal(readNote(path('once'), [me]), '{"first":false}')
  })

  it('reads no note of another owner, no link, no pipe, no giant', () => {
    writeFileSync(path('plain'), '{}')
    symlinkSync(path('plain'), path('link'))
    execFileSync('mkfifo', [path('pipe')])
    writeFileSync(path('giant'), Buffer.alloc(70_000))
    assert.equal(readNote(path('plain'), [me]), '{}') // the control
    assert.equal(readNote(path('plain'), [me + 1]), null)
    for (const name of ['link', 'pipe', 'giant', 'missing']) assert.equal(readNote(path(name), [me]), null)
  })

  it('forgets old notes that nobody needs, and keeps young ones: a late shepherd must find its revocation', () => {
    openExchange(path('prune'), false)
    const [used, old, young] = [newKey(), newKey(), newKey()]
    for (const key of [used, old, young]) writeNoteOnce(notePath(path('prune'), key, 'alive'), {})
    for (const key of [used, old]) utimesSync(notePath(path('prune'), key, 'alive'), 1_000, 1_000)
    pruneExchange(path('prune'), new Set([used]), Date.now() - 3_600_000)
    assert.deepEqual(readdirSync(path('prune')).sort(), [`${used}.alive`, `${young}.alive`].sort())
  })
})

describe('parseResult', () => {
  for (const [text, result] of [
    [
      '{"kind":"failed","exitCode":3,"signal":-1,"words":"a\\u0007b","more":1}',
      { kind: 'failed', exitCode: 3, words: 'a b' },
    ],
    ['{"kind":"completed","startedAt":1.5,"endedAt":"2"}', { kind: 'completed' }],
    ['{"kind":"preempted"}', null],
    ['[]', null],
    ['{"kind":', null],
  ] as const)
    it(`reads ${text}`, () => assert.deepEqual(parseResult(text), result))
})
