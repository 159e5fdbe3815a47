/** What belongs to other accounts: needs root, who can give things away. */
import assert from 'node:assert/strict'
import { chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readOrMakeSecret } from './private-secret.ts'
import { prepareStateDirectory } from './state-directory.ts'

describe('what belongs to somebody else', () => {
  const base = mkdtempSync(join(tmpdir(), 'batchway-theirs-'))
  after(() => rmSync(base, { recursive: true, force: true }))

  it('is no state directory', () => {
    const path = join(base, 'state')
    mkdirSync(path, { mode: 0o700 })
    prepareStateDirectory(path)
    chownSync(path, 65_534, 65_534)
    assert.throws(() => prepareStateDirectory(path), /belongs to uid 65534/)
  })
  it('is no link to one', () => {
    const [path, link] = [join(base, 'ours'), join(base, 'link')]
    mkdirSync(path, { mode: 0o700 })
    symlinkSync(path, link)
    prepareStateDirectory(link)
    lchownSync(link, 65_534, 65_534)
    assert.throws(() => prepareStateDirectory(link), /is a link of uid 65534/)
  })
  it('is no secret', () => {
    const path = join(base, 'secret')
    const secret = readOrMakeSecret(path)
    assert.equal(readOrMakeSecret(path), secret)
    chownSync(path, 65_534, 65_534)
    assert.throws(() => readOrMakeSecret(path), /belongs to uid 65534/)
    rmSync(path)
    symlinkSync(join(base, 'elsewhere'), path)
    writeFileSync(join(base, 'elsewhere'), `${secret}\n`, { mode: 0o600 })
    assert.throws(() => readOrMakeSecret(path))
  })
})
