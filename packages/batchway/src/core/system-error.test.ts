import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { systemErrorWords } from './system-error.ts'

const wordsOf = (call: () => unknown): string | undefined => {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof Error)
    return systemErrorWords(error)
  }
  throw new Error('it did not fail')
}

describe('systemErrorWords', () => {
  const base = mkdtempSync(join(tmpdir(), 'system-error-'))
  after(() => rmSync(base, { recursive: true }))
  writeFileSync(join(base, 'file'), '')
  chmodSync(base, 0o755)

  for (const [what, call, words] of [
    [
      'a file that is missing',
      () => readFileSync(`${base}/none`),
      `cannot open ${base}/none: there is no such file or folder [ENOENT]`,
    ],
    ['a folder to read', () => readFileSync(base), undefined], // the system says no path here
    [
      'a file to list',
      () => readdirSync(`${base}/file`),
      `cannot list ${base}/file: a part of the path is a file [ENOTDIR]`,
    ],
    ['what is there', () => mkdirSync(base), `cannot make ${base}: it is there already [EEXIST]`],
    [
      'a name yet to be made',
      () => mkdtempSync(`${base}/none/.a.tgz-`),
      `cannot write in ${base}/none: there is no such file or folder [ENOENT]`,
    ],
    ['what is no file system’s', () => new URL('x'), undefined],
  ] as const)
    it(`tells of ${what}`, () => assert.equal(wordsOf(call), words))
})
