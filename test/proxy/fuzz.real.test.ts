/** A short run of `npm run fuzz:proxy`. `BATCHWAY_PROPERTY_RUNS` makes it longer (requests: a hundred each), `BATCHWAY_TEST_SEED` repeats it. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openRandom } from '../e2e/support/random.ts'
import { fuzz } from './fuzz.ts'

const { seed } = openRandom()
const runs = Number(process.env.BATCHWAY_PROPERTY_RUNS ?? 60)
/** In use after a collection, more than after the first requests: compiled code, counters. */
const keptMiB = 4

it('requests and answers with mistakes end no proxy, stay in none, and nobody gets what is somebody else’s', async (t) => {
  const { foreign, malformed, strange, hung, errors, isAlive, ...figures } = await fuzz({
    count: runs * 100,
    seed,
    atOnce: 24,
  })

  t.diagnostic(JSON.stringify({ seed, ...figures }))
  assert.ok(isAlive, errors.join('\n'))
  assert.deepEqual(
    { foreign, malformed, strange, hung, errors },
    { foreign: [], malformed: [], strange: [], hung: [], errors: [] },
  )
  const [[fewFiles = 0, files = 0], [little = 0, held = 0]] = [figures.descriptors, figures.heapMiB]
  assert.ok(files <= fewFiles + 2, `descriptors ${fewFiles} → ${files}`)
  assert.ok(held - little < keptMiB, `in use ${little} → ${held} MiB`)
  // It was no easy run: most went through, many did not.
  assert.ok(figures.passed > figures.requests / 4, `${figures.passed} of ${figures.requests} passed`)
  assert.ok(figures.trailing > figures.requests / 1_000, `${figures.trailing} with trailers`)
  for (const status of ['103', '200', '400', '503', 'cut'])
    assert.ok((figures.answers[status] ?? 0) > 0, `no answer ${status}`)
})

it('without a proxy between them the same requests and answers are seen as what they are', async () => {
  const { malformed, strange } = await fuzz({ count: 2_000, seed, atOnce: 24, isDirect: true })

  assert.ok(malformed.length > 0, 'answers that are none')
  assert.ok(strange.length > 0, 'requests that are none')
})
