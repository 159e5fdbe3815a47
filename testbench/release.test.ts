/** The parts that releases are made with: the archive, what goes in, and the sources without their types. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { splitPath } from '../packages/batchway/src/cli/backup/tar-header.ts'
import { isCarried, productionPackages } from '../scripts/release/production-packages.ts'
import { copiedFile, type ReleaseFile, textFile } from '../scripts/release/release-file.ts'
import { checkVersion, writeArchive } from '../scripts/release/run-release.ts'
import { stripSource } from '../scripts/release/strip-source.ts'
import { thirdParty } from '../scripts/release/third-party.ts'

const root = resolve(import.meta.dirname, '..')
const settings = { level: 1, mtime: 1_767_225_600 }

describe('the archive of a release', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchway-tar-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const longPath = `share/${'long-'.repeat(20)}folder/${'name-'.repeat(15)}end`
  /** The same content, written at different times with different modes. */
  function filesIn(name: string, when: number, mode: number): ReleaseFile[] {
    const made = join(folder, name)
    mkdirSync(made)
    writeFileSync(join(made, 'program'), '#!/bin/sh\necho run\n')
    chmodSync(join(made, 'program'), mode)
    utimesSync(join(made, 'program'), when, when)
    return [
      copiedFile('bin/program', join(made, 'program'), true),
      textFile('empty', ''),
      textFile('block', 'x'.repeat(512)),
      textFile(longPath, 'long'),
      textFile('B', 'upper case before lower'),
    ]
  }

  it('is the same file whatever order, times and modes its files come with', async () => {
    const first = filesIn('one', 1_000, 0o700)
    const second = filesIn('two', 2_000_000, 0o640).toReversed()
    const one = await writeArchive(join(folder, 'one.tar.gz'), 'top-1', first, settings)
    const two = await writeArchive(join(folder, 'two.tar.gz'), 'top-1', second, settings)

    assert.equal(one.sha256, two.sha256)
    assert.deepEqual(readFileSync(one.file), readFileSync(two.file))
    const other = [...second.slice(1), textFile('B', 'upper case before lowes')]
    const three = await writeArchive(join(folder, 'three.tar.gz'), 'top-1', other, settings)
    assert.notEqual(three.sha256, one.sha256, 'another content is another file')
  })

  it('is read by tar as it was meant, owners, modes, times and long names included', async () => {
    const { file } = await writeArchive(join(folder, 'read.tar.gz'), 'top-1', filesIn('read', 5, 0o600), settings)
    const out = join(folder, 'out')
    mkdirSync(out)
    execFileSync('tar', ['-xzf', file, '-C', out])
    const listed = execFileSync('tar', ['--numeric-owner', '-tvzf', file], { encoding: 'utf8', env: { TZ: 'UTC' } })

    assert.equal(readFileSync(join(out, 'top-1', longPath), 'utf8'), 'long')
    assert.equal(statSync(join(out, 'top-1/empty')).size, 0)
    assert.equal(statSync(join(out, 'top-1/block')).size, 512)
    assert.equal(execFileSync(join(out, 'top-1/bin/program'), { encoding: 'utf8' }), 'run\n')
    assert.match(listed, /^-rwxr-xr-x 0\/0 +19 2026-01-01 00:00 top-1\/bin\/program$/m)
    assert.match(listed, /^-rw-r--r-- 0\/0 +0 2026-01-01 00:00 top-1\/empty$/m)
    assert.match(listed, /^drwxr-xr-x 0\/0 +0 2026-01-01 00:00 top-1\/bin\/$/m)
  })

  it('takes no name and no time into its compression', async () => {
    const { file } = await writeArchive(join(folder, 'head.tar.gz'), 'top-1', [textFile('a', 'a')], settings)
    // RFC 1952: magic, deflate, no flags (no name), modification time 0.
    assert.deepEqual([...readFileSync(file).subarray(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
  })

  for (const path of ['a\nb', 'ä', 'x'.repeat(101), `${'y'.repeat(160)}/z`])
    it(`refuses the path ${JSON.stringify(path.slice(0, 12))}… of ${path.length} characters`, () =>
      assert.throws(() => splitPath(path), RangeError))

  for (const version of ['', '1', '1.2', '../1.2.3', '1.2.3/x', '1.2.3 x', 'v1.2.3'])
    it(`refuses the version ${JSON.stringify(version)}`, () => assert.throws(() => checkVersion(version)))
  for (const version of ['0.1.0', '10.20.30-rc.1'])
    it(`takes the version ${version}`, () => assert.equal(checkVersion(version), version))
})

describe('a source of a release', () => {
  it('loses its types and keeps its lines and columns', () => {
    const text = `import { type A, b } from './a.ts'\nexport interface C { d: string }\nexport const e = (f: A): string => b(f)\n`
    const stripped = stripSource(text)

    assert.equal(stripped.split('\n').length, text.split('\n').length)
    const lastOf = (all: string) => all.split('\n')[2]?.indexOf('b(f)')
    assert.equal(lastOf(stripped), lastOf(text))
    assert.match(stripped, /from '\.\/a\.js'/)
    assert.doesNotMatch(stripped, /interface|: string|type A/)
  })

  it('follows imports that run, in whatever form', () => {
    for (const line of [`import './a.ts'`, `export { b } from '../x/a.ts'`, `const a = await import('./a.ts')`])
      assert.equal(stripSource(line), line.replace('.ts', '.js'))
  })

  it('leaves names of packages and texts alone', () => {
    for (const line of [`import { a } from 'b.ts'`, `const a = './a.ts'`]) {
      if (line.startsWith('import')) assert.throws(() => stripSource(line), SyntaxError, 'better loud than wrong')
      else assert.equal(stripSource(line), line)
    }
  })
})

describe('the packages of a release', () => {
  const kind = `${process.platform}-${process.arch}`
  const packages = productionPackages(root, kind)

  it('are those that run, each with its licence, and one runtime', () => {
    const names = packages.map(({ name }) => name)
    assert.ok(names.includes('hono') && names.includes(`node-${kind}`))
    for (const none of ['typescript', 'playwright-core', '@biomejs/biome', 'fast-check'])
      assert.ok(!names.includes(none))
    assert.equal(names.filter((name) => name.startsWith('node-linux-')).length, 1)
    const text = thirdParty(root, packages)
    for (const { name, version, licence } of packages) {
      assert.notEqual(licence, '', name)
      assert.ok(text.includes(`${name} ${version}`), name)
    }
  })

  it('of an unknown licence without a text are refused', () => {
    const [first] = packages.filter(({ name }) => name === 'pg-types')
    assert.ok(first)
    assert.throws(() => thirdParty(root, [{ ...first, licence: 'Mystery' }]), /carries no text/)
  })

  it('are carried without what nobody loads, and with every licence', () => {
    assert.ok(isCarried('yaml', 'dist/doc/Document.js'), 'a folder of code that is called doc')
    assert.ok(isCarried('x', 'LICENSE.md'))
    assert.ok(!isCarried('x', 'dist/a.d.ts') && !isCarried('x', 'dist/a.js.map') && !isCarried('x', 'test/a.js'))
    assert.ok(!isCarried('bootstrap', 'dist/js/bootstrap.js') && isCarried('bootstrap', 'dist/css/bootstrap.min.css'))
  })
})
