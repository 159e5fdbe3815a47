/** One list of requests, asked of a real JupyterHub 5.2 and of ours with the same people in it: answers are alike, but for what is listed. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { trixieRun } from '../e2e/support/trixie-run.ts'
import { openBatchway } from './batchway-side.ts'
import { toSide } from './callers.ts'
import { listedDifferences } from './differences.ts'
import { type Answers, judge } from './judge.ts'
import { openJupyterHub } from './jupyterhub-side.ts'
import type { Observed } from './observe.ts'
import { allRows } from './rows/all.ts'
import { runRows } from './run-rows.ts'

/** Half a minute on a quiet machine; what hangs ends all the same. */
const limitMs = 540_000

/** @throws {Error} of the first that failed, when all are through: none is left half open. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises)
  for (const each of settled) if (each.status === 'rejected') throw each.reason
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

describe('the API beside JupyterHub’s', { timeout: limitMs }, () => {
  const undo = new AsyncDisposableStack()
  let theirs: Answers
  let ours: Answers

  before(
    async () => {
      const [one, other] = await all(
        [openJupyterHub(trixieRun), openBatchway()].map(async (opening) => toSide(undo.use(await opening))),
      )
      assert.ok(one && other)
      assert.match(one.version, /^5\.2\./)
      const [first, second] = await all([one, other].map((side) => runRows(side, allRows)))
      assert.ok(first && second)
      theirs = first
      ours = second
    },
    { timeout: limitMs },
  )
  after(() => undo.disposeAsync())

  it('is asked 300 requests or more, each of its own name', () => {
    assert.ok(allRows.length >= 300, String(allRows.length))
    assert.equal(new Set(allRows.map(({ name }) => name)).size, allRows.length)
  })

  it('answers alike, but for what is listed', () => {
    const { unlisted } = judge(theirs, ours, listedDifferences)
    assert.deepEqual(unlisted.slice(0, 100), [])
  })

  it('differs in everything that is listed', () => {
    const { stale } = judge(theirs, ours, listedDifferences)
    assert.deepEqual(stale, [])
  })

  describe('with something changed', () => {
    /** @returns what is found beyond the list when one answer of ours is another. */
    function found(row: string, change: (answer: Observed) => Observed): readonly string[] {
      const answer = ours.get(row)
      assert.ok(answer, row)
      return judge(theirs, new Map([...ours, [row, change(answer)]]), listedDifferences).unlisted
    }
    const user = 'admin: GET /users/alice'

    it('finds another status', () =>
      assert.deepEqual(
        found('anonymous: GET /users', (answer) => ({ ...answer, status: 401 })),
        ['anonymous: GET /users | status | 403 | 401'],
      ))
    it('finds a key that is missing', () =>
      assert.deepEqual(
        found(user, (answer) => {
          assert.ok(typeof answer.body === 'object' && answer.body !== null && 'created' in answer.body)
          const { created: _, ...body } = answer.body
          return { ...answer, body }
        }),
        [`${user} | body created | "<time>" | absent`],
      ))
    it('finds a time in another form', () =>
      assert.deepEqual(
        found(user, (answer) => ({ ...answer, body: { ...Object(answer.body), created: '2026-01-01T00:00:00Z' } })),
        [`${user} | body created | "<time>" | "2026-01-01T00:00:00Z"`],
      ))
    it('finds another type of content', () =>
      assert.deepEqual(
        found(user, (answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': 'text/html' } })),
        [`${user} | header content-type | "application/json" | "text/html"`],
      ))
  })
})
