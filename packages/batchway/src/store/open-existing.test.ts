import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { filePlace } from './contract/file-place.ts'
import { openExistingContract } from './contract/open-existing.contract.ts'
import { openExisting } from './open-existing.ts'

openExistingContract('SQLite', filePlace)

describe('openExisting', () => {
  it('makes no file where there is none', async () => {
    await using place = await filePlace()
    assert.equal(await openExisting(place.url), null)
    assert.equal(existsSync(place.url.slice('sqlite:'.length)), false)
  })
})
