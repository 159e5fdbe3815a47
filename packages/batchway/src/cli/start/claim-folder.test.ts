import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { claimFolder, networkOf } from './claim-folder.ts'

describe('claimFolder', () => {
  const base = mkdtempSync(join(tmpdir(), 'claim-'))
  after(() => rmSync(base, { recursive: true }))

  it('makes a private folder, whatever the umask, and finds it again', () => {
    const before = process.umask(0)
    try {
      claimFolder(join(base, 'a/b'))
    } finally {
      process.umask(before)
    }
    assert.equal(statSync(join(base, 'a/b')).mode & 0o777, 0o700)
    claimFolder(join(base, 'a/b'))
  })
  it('refuses one that others can enter, and says how to close it', () => {
    const path = join(base, 'open')
    mkdirSync(path)
    chmodSync(path, 0o755)
    assert.throws(() => claimFolder(path), /open to other accounts.*chmod 700/)
    chmodSync(path, 0o700)
    claimFolder(path)
  })
  it('refuses a file', () => {
    writeFileSync(join(base, 'file'), '', { mode: 0o600 })
    assert.throws(() => claimFolder(join(base, 'file')), /is not a folder/)
    assert.throws(() => claimFolder(join(base, 'file/below')), /a part of the path is a file/)
  })
  it("follows one's own link", () => {
    mkdirSync(join(base, 'real'), { mode: 0o700 })
    symlinkSync(join(base, 'real'), join(base, 'link'))
    claimFolder(join(base, 'link'))
  })
  it('says that a file system cannot be written', () =>
    assert.throws(() => claimFolder('/proc/batchway'), /cannot make \/proc\/batchway/))
  if (process.getuid?.() === 0) {
    it("refuses somebody else's folder", () => {
      const path = join(base, 'theirs')
      mkdirSync(path, { mode: 0o700 })
      chownSync(path, 65_534, 65_534)
      assert.throws(() => claimFolder(path), /belongs to somebody else/)
    })
  }
})

describe('networkOf', () => {
  it('takes the nearest folder that is there', () => {
    assert.equal(networkOf('/proc/none/below'), null)
    assert.equal(networkOf(join(tmpdir(), 'not/yet/made')), null)
  })
})
