import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { prepareStateDirectory } from './state-directory.ts'

describe('prepareStateDirectory', () => {
  const base = mkdtempSync(join(tmpdir(), 'batchway-state-'))
  after(() => rmSync(base, { recursive: true, force: true }))
  const modeOf = (path: string): number => statSync(path).mode & 0o777

  it('makes it private, or passable where jobs pass, whatever the umask', () => {
    const before = process.umask(0)
    try {
      prepareStateDirectory(join(base, 'a/b'))
      prepareStateDirectory(join(base, 'c'), true)
    } finally {
      process.umask(before)
    }
    assert.deepEqual([modeOf(join(base, 'a/b')), modeOf(join(base, 'c'))], [0o700, 0o711])
  })
  it('says who has to make it, where this account cannot', () => {
    const own = process.geteuid?.()
    assert.throws(
      () => prepareStateDirectory('/proc/batchway'),
      new RegExp(`^Error: cannot make /proc/batchway: .*As root .*: install -d -o ${own} -m 700 /proc/batchway$`),
    )
  })
  for (const [mode, words] of [
    [0o777, /written by others \(mode 777\)/],
    [0o1777, /written by others/],
    [0o770, /written by others/],
    [0o702, /written by others/],
    [0o755, /listed by others \(mode 755\): chmod 751 /],
  ] as const)
    it(`refuses mode ${mode.toString(8)}`, () => {
      const path = join(base, `mode-${mode.toString(8)}`)
      prepareStateDirectory(path)
      chmodSync(path, mode)
      assert.throws(() => prepareStateDirectory(path), words)
    })
  for (const mode of [0o700, 0o750, 0o711])
    it(`takes mode ${mode.toString(8)} and leaves it`, () => {
      const path = join(base, `good-${mode.toString(8)}`)
      prepareStateDirectory(path)
      chmodSync(path, mode)
      prepareStateDirectory(path)
      assert.equal(modeOf(path), mode)
    })
  it('refuses a file', () => {
    writeFileSync(join(base, 'file'), '')
    assert.throws(() => prepareStateDirectory(join(base, 'file')))
  })
  // CVE-2026-55172 (Open OnDemand): a state directory that another user had made beforehand.
  it('refuses what belongs to somebody else, and follows one’s own link', () => {
    // The root directory is root's, whoever runs this; /proc/1 of another uid would do for root.
    if (process.geteuid?.() !== 0) assert.throws(() => prepareStateDirectory('/'), /belongs to uid 0/)
    symlinkSync(join(base, 'good-700'), join(base, 'link'))
    prepareStateDirectory(join(base, 'link'))
  })
})
