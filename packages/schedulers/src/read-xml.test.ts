import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { childText, readXml } from './read-xml.ts'

describe('readXml', () => {
  it('reads elements, attributes, entities and what is empty', () => {
    const root = readXml(
      `<?xml version='1.0'?>\n<a x="1" y='&lt;2&gt;'>\n  <b>one &amp; two</b>\n  <c/>\n  <d ></d>\n  <b>&#228;&#x41;&nosuch;</b>\n</a>\n`,
    )
    assert.deepEqual(root?.attributes, { x: '1', y: '<2>' })
    assert.deepEqual(
      root?.children.map(({ name, text }) => [name, text]),
      [
        ['b', 'one & two'],
        ['c', ''],
        ['d', ''],
        ['b', 'äA&nosuch;'],
      ],
    )
  })
  it('gives the text of one child, and none where there are two', () => {
    const root = readXml('<a><b> one </b><c>1</c><c>2</c></a>')
    assert.ok(root)
    assert.deepEqual([childText(root, 'b'), childText(root, 'c'), childText(root, 'd')], ['one', undefined, undefined])
  })
  for (const text of [
    '',
    'hello',
    '<a>',
    '<a></b>',
    '<a></a><b></b>',
    '<a></a>hello',
    'hello<a></a>',
    '<a',
    '<a x=1></a>',
    '<a></a',
    '< ></ >',
    '<a><!-- c --></a>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<a>'.repeat(100) + '</a>'.repeat(100),
  ])
    it(`calls this no document: ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(readXml(text), null))
  it('gives back what was written, whatever the text', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (words) => {
        const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
        assert.equal(readXml(`<a><b>${escaped}</b></a>`)?.children[0]?.text, words)
      }),
    ))
  it('never throws', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.constantFrom('<a>', '</a>', '<a x="1"/>', '&#9999999;', '<?xml?>', '"', '<'), fc.string()),
          {
            maxLength: 12,
          },
        ),
        (pieces) => void readXml(pieces.join('')),
      ),
    ))
  it('takes a long list in one go', () => {
    const root = readXml(`<a>${'<b>x</b>'.repeat(50_000)}</a>`)
    assert.equal(root?.children.length, 50_000)
  })
})
