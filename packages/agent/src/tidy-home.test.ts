import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { tidyHome } from './tidy-home.ts'

const root = mkdtempSync(join(tmpdir(), 'batchway-tidy-'))
after(() => rmSync(root, { recursive: true }))
const now = Date.UTC(2026, 5, 1)
let count = 0

/** A home with these files, each so many days old. */
function homeWith(files: readonly (readonly [name: string, days: number])[]): string {
  const home = join(root, String(count++))
  mkdirSync(home)
  for (const [name, days] of files) {
    writeFileSync(join(home, name), 'x')
    const at = now / 1000 - days * 86_400
    utimesSync(join(home, name), at, at)
  }
  return home
}
const logOf = (number: number): string => `.batchway-b00${String(number).padStart(9, '0')}001.log`

describe('tidying a home', () => {
  it('removes logs that are old, and keeps the newest twenty whatever their age', () => {
    const days = (number: number) => (number < 10 ? number : 100 + number)
    const home = homeWith(Array.from({ length: 30 }, (_, number) => [logOf(number), days(number)] as const))
    assert.equal(tidyHome(home, now), 10)
    assert.deepEqual(readdirSync(home).sort(), Array.from({ length: 20 }, (_, number) => logOf(number)).sort())
    assert.equal(tidyHome(home, now), 0)
  })

  it('keeps every log that is not old', () => {
    const home = homeWith(Array.from({ length: 60 }, (_, number) => [logOf(number), number] as const))
    assert.equal(tidyHome(home, now), 0)
  })

  it('removes scripts that waited for a job in vain', () => {
    const scriptOf = (number: number) => logOf(number).replace('.log', '.sh')
    const home = homeWith([
      [scriptOf(1), 61],
      [scriptOf(2), 59],
      ['.batchway-mine.sh', 900],
    ])
    assert.equal(tidyHome(home, now), 1)
    assert.deepEqual(readdirSync(home).sort(), [scriptOf(2), '.batchway-mine.sh'].sort())
  })

  it('removes nothing under another name, and no links or folders', () => {
    const strange = [
      '.batchway-b00000000000001.log.gz',
      '.batchway-b0000000000001.log',
      'batchway-b00000000000001.log',
      '.batchway-B00000000000001.log',
      '.batchway-probe-ABCDEFGH9',
      '.batchway-profile',
      '.bashrc',
    ]
    const home = homeWith([
      ...strange.map((name) => [name, 900] as const),
      ...Array.from({ length: 20 }, (_, number) => [logOf(number), 0] as const),
    ])
    mkdirSync(join(home, logOf(50)))
    symlinkSync(join(home, '.bashrc'), join(home, logOf(51)))
    const before = readdirSync(home)
    assert.equal(tidyHome(home, now), 0)
    assert.deepEqual(readdirSync(home), before)
    writeFileSync(join(home, '.batchway-probe-ABCD1234'), '')
    assert.equal(tidyHome(home, Date.now() + 2 * 86_400_000), 1, 'control: what a killed job script left goes')
    assert.deepEqual(readdirSync(home), before)
  })

  it('says nothing where there is no home', () => assert.equal(tidyHome(join(root, 'none'), now), 0))
})
