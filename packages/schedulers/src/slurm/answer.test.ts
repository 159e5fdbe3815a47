import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isNoAnswer, toMilliseconds, withoutFiller, wordsOf } from './answer.ts'

describe('what Slurm says', () => {
  // slurm_strerror(3), 22.05 to 24.11.
  for (const words of [
    'Unable to contact slurm controller (connect failure)',
    'Socket timed out on send/recv operation',
    'slurm_persist_conn_open_without_init: failed to open persistent connection to host:db:6819: Connection refused',
    'Communication connection failure',
    'Communication shutdown failure',
    'Zero Bytes were transmitted or received',
    'Transport endpoint is not connected',
    'Problem talking to the database',
    'Sending PersistInit msg: Unspecified error: persistent connection lost',
    'A Slurm backup controller must be in control',
    'Could not establish a configuration source',
    'Slurm controller not responding',
    'Slurm controller is not running',
    'This controller is in standby mode',
    'Message receive failure',
    'Connection refused',
  ])
    it(`is no answer: ${words}`, () => assert.equal(isNoAnswer(`sbatch: error: ${words}\n`), true))

  for (const words of ['', 'Invalid partition name specified', 'Invalid job id specified', 'Access/permission denied'])
    it(`is an answer: ${words || 'nothing'}`, () => assert.equal(isNoAnswer(words), false))

  it('is told without the name of the program, each thing once, on lines of its own', () => {
    for (const program of ['sbatch', 'squeue', 'scancel', 'sacct', 'sinfo'])
      assert.equal(wordsOf(`${program}: fatal: no\n${program}: error: error: no\n\n  \n`), 'no')
    assert.equal(wordsOf('sbatch: error: Batch job submission failed: a\x1b\x07b\tc\x7f \n'), 'a b c')
    assert.equal(wordsOf('see sbatch: error: x'), 'see sbatch: error: x')
    assert.equal(wordsOf('x'.repeat(5_000)).length, 2_000)
  })

  it('is nothing where it has only a filler', () => {
    for (const filler of ['(null)', 'N/A', 'None', 'None assigned', 'Unknown', 'NOT_SET', 'localhost', '', ' '])
      assert.equal(withoutFiller(` ${filler} `), '', filler)
    for (const text of ['n1', 'none1', 'my localhost', 'localhost.example'])
      assert.equal(withoutFiller(` ${text}`), text)
  })

  it('is a time where it is one', () => {
    assert.equal(toMilliseconds('1795347046'), 1_795_347_046_000)
    for (const text of ['0', '', 'Unknown', 'N/A', '-1', '1795347046x', 'x1795347046', '1234567890123'])
      assert.equal(toMilliseconds(text), undefined, text)
  })
})
