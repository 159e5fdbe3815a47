import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Evidence, judgeAbsence } from './judge-absence.ts'

/** A job that nobody but the list says anything about, for a long time. */
const nothing: Evidence = {
  count: 1_000,
  isKnown: true,
  isSilent: true,
  accounting: 'nothing',
  isDenied: false,
  owner: 'not asked',
  showsOthers: false,
  isMassLoss: false,
  isOverdue: false,
}
const anyEvidence: fc.Arbitrary<Evidence> = fc.record({
  count: fc.nat(100),
  isKnown: fc.boolean(),
  isSilent: fc.boolean(),
  accounting: fc.constantFrom('ended', 'alive', 'nothing', 'no answer'),
  isDenied: fc.boolean(),
  owner: fc.constantFrom('shown', 'denied', 'not asked'),
  showsOthers: fc.boolean(),
  isMassLoss: fc.boolean(),
  isOverdue: fc.boolean(),
})

describe('judgeAbsence', () => {
  const cases: readonly (readonly [string, Partial<Evidence>, 'gone' | 'alive' | 'unclear'])[] = [
    ['the list alone', {}, 'unclear'],
    ['accounting', { accounting: 'ended', isSilent: false, count: 1 }, 'gone'],
    ['a cancel that was told so', { isDenied: true, isSilent: false, count: 1 }, 'gone'],
    ['the owner is shown the job', { owner: 'shown', isOverdue: true }, 'alive'],
    ['the owner is denied it', { owner: 'denied', count: 6, isKnown: false }, 'gone'],
    ['the owner is denied it, too early', { owner: 'denied', count: 5 }, 'unclear'],
    ['the owner is denied it while its agent speaks', { owner: 'denied', isSilent: false }, 'unclear'],
    ['the owner against accounting', { owner: 'denied', accounting: 'alive', count: 15 }, 'gone'],
    ['the owner against accounting, too early', { owner: 'denied', accounting: 'alive', count: 14 }, 'unclear'],
    ['the owner while accounting is away', { owner: 'denied', accounting: 'no answer', count: 75 }, 'gone'],
    [
      'the owner while accounting is away, too early',
      { owner: 'denied', accounting: 'no answer', count: 74 },
      'unclear',
    ],
    ['the list shows others', { showsOthers: true, count: 6 }, 'gone'],
    ['the list shows others, too early', { showsOthers: true, count: 5 }, 'unclear'],
    ['the list shows others, but never showed this one', { showsOthers: true, isKnown: false }, 'unclear'],
    ['the list shows others, against accounting', { showsOthers: true, accounting: 'alive' }, 'unclear'],
    ['the list shows others, while accounting is away', { showsOthers: true, accounting: 'no answer' }, 'unclear'],
    ['many lost at once', { showsOthers: true, isMassLoss: true, count: 14 }, 'unclear'],
    ['many lost at once, for a minute', { showsOthers: true, isMassLoss: true, count: 15 }, 'gone'],
    ['the walltime', { isOverdue: true, accounting: 'no answer', count: 6 }, 'gone'],
    ['the walltime, too early', { isOverdue: true, count: 5 }, 'unclear'],
    ['the walltime, against accounting', { isOverdue: true, accounting: 'alive' }, 'unclear'],
    ['the walltime while the agent speaks', { isOverdue: true, isSilent: false }, 'unclear'],
  ]
  for (const [what, evidence, verdict] of cases)
    it(`${verdict}: ${what}`, () => assert.equal(judgeAbsence({ ...nothing, ...evidence }), verdict))

  it('never takes a job for gone whose owner is shown it or whose agent speaks, unless accounting or a cancel says so', () =>
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const isTold = evidence.accounting === 'ended' || evidence.isDenied
        const lives = evidence.owner === 'shown' || !evidence.isSilent
        if (lives && !isTold) assert.notEqual(judgeAbsence(evidence), 'gone')
      }),
    ))

  it('never by the list alone', () =>
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const alone = {
          ...evidence,
          accounting: 'nothing',
          isDenied: false,
          owner: 'not asked',
          isOverdue: false,
        } as const
        assert.notEqual(judgeAbsence({ ...alone, showsOthers: false }), 'gone')
      }),
    ))
})
