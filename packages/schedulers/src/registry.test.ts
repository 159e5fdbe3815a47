import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { drivers } from './registry.ts'

describe('the drivers that come with Batchway', () => {
  it('have a name each', () => assert.equal(new Set(drivers.map(({ id }) => id)).size, drivers.length))
  for (const { id, cautions = [] } of drivers) {
    const isEmulated = existsSync(new URL(`./${id}/testing-emulator`, import.meta.url))
    it(`${id} ${isEmulated ? 'says that it has not met a real server' : 'has met a real server'}`, () =>
      assert.equal(
        cautions.some((words) => words.startsWith('Not run against a real server')),
        isEmulated,
      ))
  }
})
