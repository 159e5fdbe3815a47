import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { themeOf } from '../web/testing/theme-of.ts'
import { keptCompiled } from './testing/kept-compiled.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const top = mkdtempSync(join(tmpdir(), 'bw-theme-cli-'))
after(() => rmSync(top, { recursive: true }))

function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--conditions=source', main, 'theme', ...args],
      { env: { ...process.env, ...keptCompiled } },
      (error, out, err) => resolve({ status: error === null ? 0 : Number(error.code), out, err }),
    )
  })
}

describe('batchway theme', () => {
  const folder = join(top, 'mine')
  it('makes a theme that has no problems and changes nothing, and not over another', async () => {
    assert.equal((await run('init', folder)).status, 0)
    const checked = await run('check', folder)
    assert.equal(checked.status, 0, checked.out)
    assert.match(checked.out, /no problems \(0 of blocks and parts, 0 files/)
    const again = await run('init', folder)
    assert.equal(again.status, 1)
    assert.match(again.err, /is not empty/)
  })
  it('has every key of the starter right when its comments are taken off', () => {
    const text = readFileSync(join(folder, 'theme.yaml'), 'utf8')
    const live = text
      .split('\n')
      .filter((line) => !/^# (The look|An edit)/.test(line))
      .map((line) => line.replace(/^# ?/, ''))
      // Shapes have no value to begin with.
      .filter((line) => !/^ {2}(font|mono|radius\S*|width): /.test(line) && line !== 'shape:')
      .join('\n')
    const theme = themeOf({ 'theme.yaml': live })
    assert.deepEqual(theme.problems, [])
    assert.ok(theme.statics.has('theme.css'))
  })
  it('prints what to begin with, which then has no problem; a slip in it is found, with a status', async () => {
    const { out } = await run('show', 'footer')
    assert.match(out, /^\{% comment %\}based on footer [0-9a-f]{12}\{% endcomment %\}\n<footer/)
    writeFileSync(join(folder, 'blocks/footer.liquid'), out)
    assert.match((await run('check', folder)).out, /no problems \(1 of blocks/)
    writeFileSync(join(folder, 'blocks/footer.liquid'), out.replace('site.name', 'site.nmae'))
    const { status, out: words } = await run('check', folder)
    assert.equal(status, 1)
    assert.match(words, /^blocks\/footer\.liquid:3: there is no variable site\.nmae here; did you mean site\.name\?\n/)
  })
  it('lists what there is, and guesses a name', async () => {
    assert.match((await run('show')).out, /^blocks\/header\.liquid +The head of every page/m)
    const { status, err } = await run('show', 'foter')
    assert.notEqual(status, 0)
    assert.match(err, /did you mean footer\?/)
  })
})
