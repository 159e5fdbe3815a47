import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compileTheme } from './compile-theme.ts'
import { listFolder, readListed } from './read-folder.ts'
import { themeParts } from './site-theme.ts'

describe('examples/theme', () => {
  it('fits this version, all of it', async () => {
    const folder = fileURLToPath(new URL('../../../../../examples/theme', import.meta.url))
    const listing = await listFolder(folder)
    const { files, problems } = await readListed(listing)
    const theme = compileTheme(files, [...listing.problems, ...problems], themeParts('/', 'UTC'))
    assert.deepEqual(theme.problems, [])
    assert.deepEqual([...theme.overrides.keys()].sort(), ['session-note', 'sign-in-top', 'top'])
    assert.deepEqual([...theme.statics.keys()].sort(), [
      'theme-favicon.svg',
      'theme-logo-dark.svg',
      'theme-logo.svg',
      'theme.css',
    ])
  })
})
