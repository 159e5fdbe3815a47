import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { installAgent } from './install.ts'
import { sharedFolder } from './testing/agent-bench.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const root = join(import.meta.dirname, '..')

describe('the installer', () => {
  // CVE-2025-64185 (Open OnDemand): packaged folders that everybody could write.
  it('makes a folder that all can read and only its owner can write', () => {
    const old = process.umask(0o077)
    const { dir, node } = installAgent({ target: join(folder.path, 'a/b') })
    process.umask(old)
    for (const path of [dirname(dir), dir, ...globSync('**/*', { cwd: dir }).map((file) => join(dir, file))]) {
      const { mode } = statSync(path)
      assert.equal(mode & 0o022, 0, path)
      assert.equal(mode & 0o444, 0o444, path)
      if (statSync(path).isDirectory() || path === node) assert.equal(mode & 0o111, 0o111, path)
    }
    assert.deepEqual(readdirSync(dirname(dir)), [dir.slice(dirname(dir).length + 1)], 'nothing half-made is left')
    assert.ok(globSync('**/*.test.js', { cwd: dir }).length + globSync('**/testing', { cwd: dir }).length === 0)
  })

  it('leaves a folder that is there alone, and puts other content beside it', () => {
    const target = join(folder.path, 'versions')
    const first = installAgent({ target })
    const before = statSync(first.dir).mtimeMs
    assert.deepEqual(installAgent({ target }), first)
    assert.equal(statSync(first.dir).mtimeMs, before)

    const extra = join(folder.path, 'extra')
    mkdirSync(extra)
    writeFileSync(join(extra, 'shepherd.js'), 'export {}\n')
    const second = installAgent({ target, extra: [{ from: extra, as: 'local' }] })
    assert.notEqual(second.version, first.version)
    assert.equal(readFileSync(join(second.dir, 'local/shepherd.js'), 'utf8'), 'export {}\n')
    assert.ok(existsSync(first.dir))
  })

  it('gives a folder that runs wherever it is moved', () => {
    const { dir, version } = installAgent({ target: join(folder.path, 'moved') })
    const elsewhere = join(folder.path, 'elsewhere')
    renameSync(dir, elsewhere)
    const node = join(elsewhere, 'runtime', `${process.platform}-${process.arch}`, 'bin/node')
    const { status, stderr } = spawnSync(node, [join(elsewhere, 'dist/bin.js')], {
      input: 'no ticket',
      env: {},
      cwd: '/',
    })
    assert.equal(status, 73)
    assert.match(String(stderr), /error=ticket-invalid/)
    assert.match(version, /^\d+\.\d+\.\d+.*-[0-9a-f]{12}$/)
  })

  it('compiles a checkout again when its source has changed', () => {
    const copy = join(folder.path, 'checkout/packages/agent')
    cpSync(root, copy, { recursive: true, filter: (path) => !/\/dist(\.|\/|$)/.test(path) })
    cpSync(join(root, '../../tsconfig.json'), join(folder.path, 'checkout/tsconfig.json'))
    symlinkSync(join(root, '../../node_modules'), join(folder.path, 'checkout/node_modules'))
    const target = join(folder.path, 'built')
    const first = installAgent({ target, from: copy })
    writeFileSync(
      join(copy, 'src/clock.ts'),
      `${readFileSync(join(copy, 'src/clock.ts'), 'utf8')}\nexport const changed = 1\n`,
    )
    const second = installAgent({ target, from: copy })
    assert.notEqual(second.version, first.version)
    assert.match(readFileSync(join(second.dir, 'dist/clock.js'), 'utf8'), /changed = 1/)
    assert.doesNotMatch(readFileSync(join(first.dir, 'dist/clock.js'), 'utf8'), /changed = 1/)
    assert.deepEqual(
      readdirSync(copy).filter((name) => name.startsWith('dist.')),
      [],
    )
  })
})

describe('the package', () => {
  it('depends on nothing at run time', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    assert.deepEqual(
      Object.keys(manifest).filter((key) => /dependencies/i.test(key)),
      [],
    )
    for (const file of globSync('src/*.ts', { cwd: root, exclude: ['src/*.test.ts'] }))
      for (const [, from = ''] of readFileSync(join(root, file), 'utf8').matchAll(/^import .* from '([^']+)'/gm))
        assert.match(from, /^(node:|\.\/)/, file)
  })
})
