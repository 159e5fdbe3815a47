import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readOrMakeSecret } from './private-secret.ts'

describe('readOrMakeSecret', () => {
  const base = mkdtempSync(join(tmpdir(), 'batchway-secret-'))
  after(() => rmSync(base, { recursive: true, force: true }))
  const good = '0123456789abcdef'.repeat(4)
  const withText = (name: string, text: string, mode = 0o600): string => {
    const path = join(base, name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }

  it('makes one that nobody else reads, whatever the umask, and finds it again', () => {
    const path = join(base, 'new')
    const before = process.umask(0)
    try {
      const secret = readOrMakeSecret(path)
      assert.match(secret, /^[0-9a-f]{64}$/)
      assert.equal(statSync(path).mode & 0o777, 0o600)
      assert.equal(readOrMakeSecret(path), secret)
      assert.notEqual(readOrMakeSecret(join(base, 'other')), secret)
    } finally {
      process.umask(before)
    }
  })
  it('takes a good one that it did not make', () => assert.equal(readOrMakeSecret(withText('good', `${good}\n`)), good))
  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o660, 0o666])
    it(`refuses one of mode ${mode.toString(8)}, and does not touch it`, () => {
      const path = withText(`mode-${mode.toString(8)}`, good, mode)
      assert.throws(() => readOrMakeSecret(path), /can be read (?:or changed )?by others \(mode/)
      assert.equal(statSync(path).mode & 0o777, mode)
      assert.equal(readFileSync(path, 'utf8'), good)
    })
  // CVE-2026-55171 (Open OnDemand): a default secret that anybody could work out.
  for (const [name, text] of [
    ['empty', ''],
    ['short', 'abc123'],
    ['a word', 'changeme'],
    ['zeros', '0'.repeat(64)],
    ['a pattern', '01'.repeat(32)],
    ['no hexadecimal', 'g'.repeat(64)],
    ['two lines', `${good}\n${good}`],
  ] as const)
    it(`refuses a weak one: ${name}`, () => {
      const path = withText(name.replace(' ', '-'), text)
      assert.throws(
        () => readOrMakeSecret(path),
        (error) =>
          error instanceof Error && /remove it/.test(error.message) && (text === '' || !error.message.includes(text)),
      )
    })
  it('follows no link', () => {
    symlinkSync(withText('target', good), join(base, 'link'))
    assert.throws(() => readOrMakeSecret(join(base, 'link')))
  })
})
