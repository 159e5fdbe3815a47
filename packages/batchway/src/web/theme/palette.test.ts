import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { clashesOf, contrast, declarationsOf, paletteOf, styleSheet } from './palette.ts'

const tokens = readFileSync(new URL('../static/tokens.css', import.meta.url), 'utf8')
/** Declarations of one rule. */
function declared(selector: string): string[] {
  const from = tokens.indexOf(`${selector} {`)
  assert.notEqual(from, -1)
  const body = tokens.slice(tokens.indexOf('{', from) + 1, tokens.indexOf('\n}', from))
  return [...body.matchAll(/(--[a-z0-9-]+):\s*((?:url\(".*?"\)|[^;])+);/g)].map(
    ([, name, value]) => `${name}: ${value}`,
  )
}

describe('the palettes', () => {
  for (const [look, selector] of [
    ['light', '[data-bs-theme="light"]'],
    ['dark', '[data-bs-theme="dark"]'],
  ] as const)
    it(`of ${look} pages are those of tokens.css, Bootstrap’s variables and drawings with them`, () =>
      assert.deepEqual(declarationsOf(paletteOf(look)).sort(), declared(selector).sort()))
  it('have no pair that cannot be told apart', () => {
    assert.deepEqual(clashesOf(paletteOf('light')), [])
    assert.deepEqual(clashesOf(paletteOf('dark')), [])
  })
  it('are measured as WCAG does', () => {
    assert.equal(contrast('#000000', '#ffffff'), 21)
    assert.equal(Math.round(contrast('#767676', '#ffffff') * 100) / 100, 4.54)
    assert.equal(contrast('#336699', '#336699'), 1)
  })
})

describe('styleSheet', () => {
  it('is empty without a theme’s colours', () => assert.equal(styleSheet({}, []), ''))
  it('leaves "more contrast" alone: by the visitor’s choice and by the system’s', () => {
    const css = styleSheet({ light: { accent: '#003366' } }, [])
    for (const [selector] of css.matchAll(/^:root.*(?=\{)/gm))
      assert.match(selector, /:not\(\[data-contrast="more"\]\)/)
    assert.equal(css.match(/@media not all and \(prefers-contrast: more\)/g)?.length, 3)
  })
})
