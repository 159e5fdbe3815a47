import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRequestPath, toRoutePath } from './request-path.ts'

describe('parseRequestPath', () => {
  const read: readonly (readonly [string, string[], string[]?])[] = [
    ['/', ['']],
    ['/user/alice/lab?x=/../%zz', ['user', 'alice', 'lab']],
    ['/user/al%69ce', ['user', 'alice']],
    ['/user/jos%C3%A9/', ['user', 'josé', ''], ['user', 'josé']],
    ['/a%2Fb/c', ['a/b', 'c'], ['a', 'b', 'c']],
    ['/a%5Cb', ['a\\b'], ['a', 'b']],
    ['/a\\b', ['a\\b'], ['a', 'b']],
    ['//a//b', ['', 'a', '', 'b'], ['a', 'b']],
    ['/a/...', ['a', '...']],
    ['/a/.hidden', ['a', '.hidden']],
    ['/%252e%252e/x', ['%2e%2e', 'x']],
    ['/__proto__/constructor', ['__proto__', 'constructor']],
  ]
  for (const [target, strict, lenient = strict] of read)
    it(`reads ${target}`, () => assert.deepEqual(parseRequestPath(target), { strict, lenient }))

  const refused = [
    ...[
      '',
      '*',
      'user',
      'http://host/user',
      '/%',
      '/%zz',
      '/%C3',
      '/%E9',
      '/a%00b',
      '/a%0d%0ab',
      '/a%7F',
      '/é',
      '/a b',
      '/a#b',
    ],
    ...[
      '/..',
      '/a/../b',
      '/a/./b',
      '/a/%2e%2e/b',
      '/a/.%2E/b',
      '/a/%2e',
      '/a/..%2fb',
      '/a%2f..%2fb',
      '/a/..%5cb',
      '/a\\..\\b',
    ],
  ]
  for (const target of refused)
    it(`refuses ${JSON.stringify(target)}`, () => assert.equal(parseRequestPath(target), null))
})

describe('toRoutePath', () => {
  const table: readonly (readonly [string, string | null])[] = [
    ['', '/'],
    ['/', '/'],
    ['/user/alice/', '/user/alice'],
    ['user/alice', '/user/alice'],
    ['/user/jos%C3%A9/', '/user/josé'],
    ['/user%2Falice', '/user/alice'],
    ['/user/%zz', null],
    ['/user//alice', null],
    ['/user/../alice', null],
    ['/user/%2e/alice', null],
    ['/user/a%0ab', null],
    ['/user\\alice', null],
  ]
  for (const [text, path] of table)
    it(`brings ${JSON.stringify(text)} to ${path}`, () => assert.equal(toRoutePath(text, 'encoded'), path))

  it('leaves percent signs of decoded paths alone', () => {
    assert.equal(toRoutePath('/user/100%', 'decoded'), '/user/100%')
    assert.equal(toRoutePath('/user/a%20b', 'decoded'), '/user/a%20b')
    assert.equal(toRoutePath('/user/a\nb', 'decoded'), null)
  })
})
