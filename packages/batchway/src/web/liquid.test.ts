import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { timeWords } from './format.ts'
import { createLiquid } from './liquid.ts'

const times = timeWords('UTC')
const engine = createLiquid({ isStrict: true, times })

describe('createLiquid', () => {
  it('escapes every output, in text and in attributes', async () =>
    assert.equal(
      await engine.parseAndRender('<a title="{{ x }}">{{ x }}</a>', { x: `<script>"'&` }),
      '<a title="&lt;script&gt;&#34;&#39;&amp;">&lt;script&gt;&#34;&#39;&amp;</a>',
    ))
  it('has neither the filter nor the tag raw', async () => {
    await assert.rejects(async () => engine.parseAndRender('{{ x | raw }}', { x: '<b>' }), /not allowed/)
    await assert.rejects(async () => engine.parseAndRender('{% raw %}{{ x }}{% endraw %}', {}), /not allowed/)
  })
  it('refuses an unknown variable when strict, and leaves it empty when not', async () => {
    await assert.rejects(async () => engine.parseAndRender('{{ nobody }}', {}), /undefined variable/)
    const lenient = createLiquid({ isStrict: false, times })
    assert.equal(await lenient.parseAndRender('[{{ nobody }}]', {}), '[]')
  })
  it('does not show what an object inherits', async () =>
    assert.rejects(async () => engine.parseAndRender('{{ x.constructor }}', { x: {} }), /undefined variable/))
  it('escapes what a filter has touched too', async () =>
    assert.equal(await engine.parseAndRender("{{ x | default: 'y' | append: '<' }}", { x: '<b>' }), '&lt;b&gt;&lt;'))
})

describe('our templates', () => {
  const folder = fileURLToPath(new URL('./templates/', import.meta.url))
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.liquid'))
  for (const name of names)
    it(`${name} has no inline script, style, handler or raw output`, () => {
      const text = readFileSync(join(folder, name), 'utf8')
      assert.doesNotMatch(text, /\sstyle=|<style|\son[a-z]+=|javascript:|\|\s*raw|\bhx-on/i)
      for (const [tag] of text.matchAll(/<script[^>]*>/g)) assert.match(tag, /\ssrc="/)
      // An attribute value without quotes could be left by a blank.
      assert.doesNotMatch(text, /=\{\{/)
    })
})
