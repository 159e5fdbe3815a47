/** Whatever a site writes as a template, a command or an expression is read, or refused in words. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseCommand } from './command-line.ts'
import { parseExpression } from './expressions.ts'
import { parseTemplate } from './template.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom('{queue}', '{queue?}', '{', '}', '$', "'", '"', ' ', 'a', '(', ')', '\\Z', '(?P<x>', '[', '*'),
      {
        maxLength: 12,
      },
    )
    .map((all) => all.join('')),
)
const isSaid = (value: object): boolean =>
  'problem' in value && typeof value.problem === 'string' && value.problem !== ''

describe('what a site writes', () => {
  it('is a template, or is refused in words', () =>
    fc.assert(
      fc.property(text, (written) => {
        const parsed = parseTemplate(written, ['queue'])
        assert.ok(Array.isArray(parsed) || isSaid(parsed))
      }),
    ))
  it('is a command, or is refused in words', () =>
    fc.assert(
      fc.property(fc.oneof(text, fc.array(text, { maxLength: 4 })), (written) => {
        const parsed = parseCommand(written, ['queue'])
        assert.ok(isSaid(parsed) || ('file' in parsed && /^[\w/]/.test(parsed.file)))
      }),
    ))
  it('is an expression, or is refused in words', () =>
    fc.assert(
      fc.property(text, (written) => {
        const parsed = parseExpression(written)
        assert.ok(parsed instanceof RegExp || isSaid(parsed))
      }),
    ))
})
