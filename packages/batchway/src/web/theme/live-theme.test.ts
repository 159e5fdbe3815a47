import assert from 'node:assert/strict'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Logger, silentLogger } from '../../core/logger.ts'
import { openTheme } from './live-theme.ts'
import { type Listing, limits, listFolder, readListed } from './read-folder.ts'
import { themeParts } from './site-theme.ts'

const top = mkdtempSync(join(tmpdir(), 'bw-theme-'))
after(() => rmSync(top, { recursive: true }))
let count = 0
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = join(top, `t${++count}`)
  mkdirSync(folder)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

function listener(): { log: Logger; lines: string[] } {
  const lines: string[] = []
  const say = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`)
  const log: Logger = { ...silentLogger, warn: say, error: say, child: () => log }
  return { log, lines }
}
const parts = themeParts('/', 'UTC')

describe('openTheme', () => {
  it('shows an edit at the very next look: changed, added, taken away, and with the same length', async () => {
    const folder = folderOf({ 'theme.yaml': 'title: One' })
    const theme = openTheme({ folder, parts, log: silentLogger })
    const title = async () => (await theme.current()).file.title
    assert.equal(await title(), 'One')
    writeFileSync(join(folder, 'theme.yaml'), 'title: Two')
    assert.equal(await title(), 'Two')
    writeFileSync(join(folder, 'new.yaml'), 'title: Six')
    renameSync(join(folder, 'new.yaml'), join(folder, 'theme.yaml'))
    assert.equal(await title(), 'Six')
    mkdirSync(join(folder, 'blocks'))
    writeFileSync(join(folder, 'blocks/footer.liquid'), '<p>x</p>')
    assert.ok((await theme.current()).overrides.has('footer'))
    rmSync(join(folder, 'theme.yaml'))
    assert.equal(await title(), undefined)
    rmSync(folder, { recursive: true })
    assert.equal((await theme.current()).overrides.size, 0)
    assert.match((await theme.current()).problems[0]?.words ?? '', /cannot be read \(ENOENT\)/)
  })

  it('follows a link that is the folder itself to its new version', async () => {
    const first = folderOf({ 'theme.yaml': 'title: One' })
    const second = folderOf({ 'theme.yaml': 'title: Two' })
    const link = join(top, 'current')
    symlinkSync(first, link)
    const theme = openTheme({ folder: link, parts, log: silentLogger })
    assert.equal((await theme.current()).file.title, 'One')
    rmSync(link)
    symlinkSync(second, link)
    assert.equal((await theme.current()).file.title, 'Two')
  })

  it('reads nothing anew while nothing changes, and shares one look among all who wait', async () => {
    let looks = 0
    const folder = folderOf({ 'theme.yaml': 'title: One' })
    const list = async (path: string): Promise<Listing> => {
      looks++
      return await listFolder(path)
    }
    const theme = openTheme({ folder, parts, log: silentLogger, list })
    const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => theme.current()))
    assert.ok(looks <= 2, `${looks} looks`)
    assert.ok(others.every((each) => each === others[0]))
    assert.equal(await theme.current(), others[0])
    assert.ok(first)
  })

  it('tells each problem once, and again when it has changed', async () => {
    const folder = folderOf({ 'blocks/footer.liquid': '{% if %}' })
    const { log, lines } = listener()
    const theme = openTheme({ folder, parts, log })
    for (let look = 0; look < 5; look++) await theme.current()
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /the default is shown.*footer\.liquid/)
    writeFileSync(join(folder, 'blocks/footer.liquid'), '<script>')
    await theme.current()
    assert.equal(lines.length, 2)
    writeFileSync(join(folder, 'blocks/footer.liquid'), '<p>x</p>')
    await theme.current()
    writeFileSync(join(folder, 'blocks/footer.liquid'), '<script>')
    await theme.current()
    assert.equal(lines.length, 3)
  })

  it('leaves a template alone that fails on page after page, until its folder changes', async () => {
    const folder = folderOf({ 'theme.yaml': 'title: One' })
    const { log, lines } = listener()
    const theme = openTheme({ folder, parts, log })
    await theme.current()
    for (let page = 0; page < 10; page++) if (!theme.isOff('footer')) theme.failed('footer', 'took too long')
    assert.ok(theme.isOff('footer'))
    assert.equal(lines.length, 2)
    writeFileSync(join(folder, 'theme.yaml'), 'title: Two')
    await theme.current()
    assert.ok(!theme.isOff('footer'))
  })

  it('does not hold pages for a file system that does not answer, and catches up when it does', async () => {
    const folder = folderOf({ 'theme.yaml': 'title: One' })
    let answer = (): void => {}
    const { log, lines } = listener()
    const list = async (path: string): Promise<Listing> => {
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return await listFolder(path)
    }
    const theme = openTheme({ folder, parts, log, list, patienceMs: 1 })
    for (let page = 0; page < 3; page++) assert.equal((await theme.current()).file.title, undefined)
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /does not answer/)
    const deadline = Date.now() + 30_000
    while ((await theme.current()).file.title !== 'One' && Date.now() < deadline) {
      answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await theme.current()).file.title, 'One')
  })
})

describe('the folder', () => {
  const problemsOf = async (folder: string): Promise<string[]> => {
    const listing = await listFolder(folder)
    const { problems } = await readListed(listing)
    return [...listing.problems, ...problems].map(({ path, words }) => `${path}: ${words}`)
  }
  it('is read without its links: to a file, to a folder, out of it and within it', async () => {
    const secret = join(top, 'secret')
    writeFileSync(secret, 'the hub’s key')
    const folder = folderOf({ 'blocks/top.liquid': '<p>x</p>' })
    symlinkSync(secret, join(folder, 'blocks/footer.liquid'))
    symlinkSync(secret, join(folder, 'theme.yaml'))
    symlinkSync(join(folder, 'blocks/top.liquid'), join(folder, 'blocks/end.liquid'))
    symlinkSync(top, join(folder, 'static'))
    const found = await problemsOf(folder)
    assert.equal(found.length, 4)
    assert.ok(found.every((line) => line.includes('symbolic link')))
    assert.deepEqual((await listFolder(folder)).paths, ['blocks/top.liquid'])
  })
  it('is not left by a link that takes a file’s place between the look and the reading', async () => {
    const folder = folderOf({ 'blocks/top.liquid': '<p>x</p>', 'blocks/end.liquid': '<p>y</p>' })
    const listing = await listFolder(folder)
    const secret = join(top, 'secret-2')
    writeFileSync(secret, 'the hub’s key')
    rmSync(join(folder, 'blocks/top.liquid'))
    symlinkSync(secret, join(folder, 'blocks/top.liquid'))
    const { files, problems } = await readListed(listing)
    assert.deepEqual(
      files.map(({ path }) => path),
      ['blocks/end.liquid'],
    )
    assert.match(problems[0]?.words ?? '', /ELOOP/)
  })
  it('has no file that everybody may write, none that is too large, and nothing else', async () => {
    const folder = folderOf({
      'theme.yaml': '',
      'README.md': 'about',
      '.git': 'x',
      'notes.txt': 'x',
      'blocks/top.liquid': 'x',
      'blocks/end.liquid': 'x'.repeat(limits.templateBytes + 1),
    })
    chmodSync(join(folder, 'blocks/top.liquid'), 0o666)
    mkdirSync(join(folder, 'blocks/below'))
    assert.deepEqual((await problemsOf(folder)).sort(), [
      'blocks/below: is no file',
      'blocks/end.liquid: is larger than 64 KiB',
      'blocks/top.liquid: can be written by everybody: chmod o-w',
      'notes.txt: is nothing of a theme: there are theme.yaml, blocks, parts, static',
    ])
  })
  it('is read where its files are hard links: those are files', async () => {
    const folder = folderOf({ 'theme.yaml': 'title: One' })
    mkdirSync(join(folder, 'blocks'))
    const other = folderOf({ 'x.liquid': '<p>x</p>' })
    linkSync(join(other, 'x.liquid'), join(folder, 'blocks/top.liquid'))
    assert.deepEqual(await problemsOf(folder), [])
  })
})
