import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Finding, ok, problem, skipped, toFinding, warning } from './finding.ts'
import { exitStatus, formatFinding, formatSummary, toDocument } from './report.ts'

const findings: readonly Finding[] = [
  toFinding('account', ok('batchway')),
  toFinding('sudo', problem('no rule', 'Write:', '  batchway ALL=…'), 'larch'),
  toFinding('job-clock', warning('7 s ahead'), 'larch'),
]

describe('formatFinding', () => {
  it('is one line, with what to do below it', () => {
    assert.deepEqual(findings.slice(0, 2).map(formatFinding), [
      'ok       Account: batchway',
      'problem  larch: sudo rules: no rule\n           Write:\n             batchway ALL=…',
    ])
  })
  it('lets no words of others move the cursor', () => {
    assert.equal(formatFinding(toFinding('account', ok('a\x1b[2Jb\nc'))), 'ok       Account: a [2Jb c')
  })
})

describe('the end of a report', () => {
  it('counts', () => {
    assert.equal(formatSummary(findings, false), '1 ok, 1 warning, 1 problem')
    assert.equal(formatSummary([], true), 'Interrupted. nothing was checked')
  })
  it('has an exit status: problems and interruptions are 1, warnings and skipped checks are 0', () => {
    assert.equal(exitStatus(findings, false), 1)
    assert.equal(exitStatus([toFinding('sudo', warning('w')), toFinding('sudo', skipped('s'))], false), 0)
    assert.equal(exitStatus([], true), 1)
  })
  it('is one document for programs', () => {
    const facts = { version: '1', host: 'h', account: 'batchway', config: '/c', at: 0, isInterrupted: false }
    const document = JSON.parse(JSON.stringify(toDocument(findings, facts)))
    assert.deepEqual(document.summary, { ok: 1, warning: 1, problem: 1, skipped: 0 })
    assert.deepEqual([document.at, document.interrupted], ['1970-01-01T00:00:00.000Z', false])
    assert.deepEqual(document.findings[1], {
      check: 'sudo',
      title: 'sudo rules',
      cluster: 'larch',
      status: 'problem',
      words: 'no rule',
      remedy: ['Write:', '  batchway ALL=…'],
    })
  })
})
