/** What a site's own files and programs say to the hub. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from '../core/config-error.ts'
import { loadConfig } from '../core/load-config.ts'
import { parseUidMin } from './account-check.ts'

describe('a file of the configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-config-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'batchway.yaml')
  const refusal = async (text: string): Promise<unknown> => {
    writeFileSync(file, text)
    return await loadConfig(file).then(
      () => null,
      (error: unknown) => error,
    )
  }

  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc
      .array(
        fc.constantFrom(
          'url',
          ': ',
          '\n',
          '  ',
          '- ',
          '&a ',
          '*a',
          '*b',
          '<<: ',
          '!!js ',
          '!!binary ',
          '[',
          ']',
          '{',
          '}',
          '? ',
          '|',
          '>',
          '"',
          "'",
          '#',
          '%YAML 9',
          '---',
          '...',
          'listen',
          'signIn',
          '1',
          'null',
          '\t',
        ),
        { maxLength: 20 },
      )
      .map((all) => all.join('')),
  )
  it('of any text is a ConfigError with words, never another failure', () =>
    fc.assert(
      fc.asyncProperty(text, async (words) => {
        const error = await refusal(words)
        assert.ok(error instanceof ConfigError, `${JSON.stringify(words)}: ${error}`)
      }),
    ))
  it('that names what is not there, or multiplies itself, is a ConfigError too', async () => {
    const bomb = [
      'a: &a0 [x]',
      ...Array.from({ length: 12 }, (_, i) => `b${i}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
    ].join('\n')
    for (const words of ['url: *nobody', bomb, 'a: &a [*a]'])
      assert.ok((await refusal(words)) instanceof ConfigError, words.slice(0, 30))
  })
})

describe('login.defs', () => {
  it('has a number, or the usual one holds', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom('UID_MIN', ' ', '\t', '1000', '#', '\n', '-1')).map((all) => all.join('')),
        ),
        (text) => assert.ok(parseUidMin(text) >= 0),
      ),
    ))
})
