import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { preflightFailure } from './preflight-failure.ts'

describe('what the job script found wrong', () => {
  it('is nothing where it says nothing, or nothing that is known', () => {
    for (const BATCHWAY_FAILURE of [
      undefined,
      '',
      'home-full',
      'home-full\nx',
      'something-new the words',
      'toString words',
      ' home-full x',
    ])
      assert.equal(preflightFailure({ BATCHWAY_FAILURE }), null, BATCHWAY_FAILURE)
  })
  it('is a word and a sentence on one line, with what the failed command said', () => {
    const said = [
      'dd: error writing: Disk quota exceeded',
      '',
      '0+1 records in',
      '0+0 records out',
      ' ',
      '0 bytes copied, 0.1 s',
    ]
    assert.deepEqual(
      preflightFailure({
        BATCHWAY_FAILURE: 'home-full the home\n\t is  full \n',
        BATCHWAY_FAILURE_LOG: said.join('\n'),
      }),
      { word: 'home-full', message: 'the home is full', log: [said[0]] },
    )
    assert.deepEqual(preflightFailure({ BATCHWAY_FAILURE: 'home-full x' })?.log, [])
  })
  it('keeps every line that only looks like the statistics of dd', () => {
    const lines = ['a 0+1 records in', '0+1 records in use', 'a 7 bytes copied', '7 bytes left']
    assert.deepEqual(
      preflightFailure({ BATCHWAY_FAILURE: 'home-full x', BATCHWAY_FAILURE_LOG: lines.join('\n') })?.log,
      lines,
    )
  })
})
