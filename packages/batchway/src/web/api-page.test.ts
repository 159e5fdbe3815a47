import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { apiReference, typeWords } from './api-reference.ts'
import { webBench } from './testing/web-bench.ts'

const document: {
  paths: Record<string, Record<string, { operationId: string; summary: string }>>
  components: { schemas: object }
} = JSON.parse(readFileSync(new URL('../../../../docs/reference/openapi.json', import.meta.url), 'utf8'))
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({ path, method: method.toUpperCase(), operationId })),
)

describe('the reference page of the API', () => {
  it('tells every operation and every shape, to everybody, without a script', async () => {
    const bench = webBench({ base: '/jupyter/' })
    const answer = await bench.browser().get('/jupyter/hub/docs/api')
    assert.equal(answer.status, 200)
    const text = await answer.text()
    assert.ok(operations.length > 40)
    for (const { method, path, operationId } of operations) {
      assert.ok(text.includes(`id="op-${operationId}"`), operationId)
      assert.ok(text.includes(`<b>${method}</b> <code>${path}</code>`), `${method} ${path}`)
    }
    const shapes = Object.keys(document.components.schemas)
    for (const name of shapes) assert.ok(text.includes(`id="shape-${name}"`), name)
    for (const [, target = ''] of text.matchAll(/href="#([^"]+)"/g))
      assert.ok(text.includes(`id="${target}"`), `#${target} leads nowhere`)
    assert.doesNotMatch(text, /<script(?! src="\/jupyter\/hub\/static)| style=|https?:\/\/(?!hub\.test)/)
  })

  it('tells who may ask, what to send and what comes back', () => {
    const { groups, shapes } = apiReference(document)
    const all = groups.flatMap((group) => group.operations)
    const make = all.find(({ id }) => id === 'createToken')
    assert.match(make?.access ?? '', /^Needs any of the scopes tokens\./)
    assert.deepEqual(make?.body, [{ text: 'NewToken', ref: true }])
    assert.equal(make?.answers[0]?.status, '201')
    const list = all.find(({ id }) => id === 'listUsers')
    assert.deepEqual(
      list?.parameters.find(({ name }) => name === 'state')?.type.map(({ text }) => text),
      ['"active" or "ready" or "inactive" or ""'],
    )
    const token = shapes.find(({ name }) => name === 'Token')
    assert.deepEqual(
      token?.fields
        .find(({ name }) => name === 'scopes')
        ?.type.map(({ text }) => text)
        .join(''),
      'list of text',
    )
    const titles = groups.map(({ title }) => title)
    for (const title of titles) assert.match(title, /^[A-Z]/, 'a part has a title of its own')
    assert.equal(new Set(titles).size, titles.length)
    assert.equal(new Set(groups.map(({ id }) => id)).size, titles.length)
  })

  for (const [schema, words] of [
    [{ type: ['string', 'null'] }, 'text or null'],
    [{ type: 'array', items: { $ref: '#/components/schemas/User' } }, 'list of User'],
    [{ anyOf: [{ type: 'integer' }, { $ref: '#/x/A' }] }, 'whole number or A'],
    [{ allOf: [{ $ref: '#/x/A' }, { type: 'object', properties: { token: { type: 'string' } } }] }, 'A and { token }'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'by name: number'],
    [{ type: 'object', additionalProperties: {} }, 'object'],
    [{ enum: [true] }, 'true'],
    [{}, 'anything'],
  ] as const)
    it(`says ${words}`, () =>
      assert.equal(
        typeWords(schema)
          .map(({ text }) => text)
          .join(''),
        words,
      ))
})
