/** The gates can fail: each banned thing is found where it stands, and what only looks like it is left alone. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bannedInTemplates, bannedWords } from '../scripts/check.mjs'

interface Rule {
  readonly pattern: RegExp
  readonly why: string
}

const finds = (rules: readonly Rule[], text: string) =>
  rules.some(({ pattern }) => [...text.matchAll(pattern)].length > 0)

describe('templates', () => {
  const refused = [
    '{{ user.name | raw }}',
    '{{ user.name|raw }}',
    '<script>go()</script>',
    '<script type="module">go()</script>',
    '<style>p { color: red }</style>',
    '<p class="x" style="color: red">',
    '<button\n  onclick="go()">',
    '<div hx-on:click="go()">',
    '<div hx-vals="js:{a: 1}">',
    '<a href="javascript:go()">',
  ]
  const allowed = [
    '<script src="{{ base }}static/app.js" defer></script>',
    '{{ raw }} {{ x | rawness }}',
    '<link rel="stylesheet" href="x">',
    '<p data-style="x">style = on = off</p>',
  ]
  for (const text of refused) it(`refuse ${text}`, () => assert.ok(finds(bannedInTemplates, text)))
  for (const text of allowed) it(`allow ${text}`, () => assert.ok(!finds(bannedInTemplates, text)))
})

describe('banned words', () => {
  // Joined here, so that this file does not hold what it forbids.
  const refused = [
    `/wo${'rk'}/main/x`,
    `https://registry.n${'pm'}js.org/`,
    `// TO${'DO'}: later`,
    `@ts-ig${'nore'}`,
    `it.sk${'ip'}('x')`,
  ]
  for (const text of refused) it(`refuse ${text}`, () => assert.ok(finds(bannedWords, text)))
  for (const text of ['/workdir/main', 'a network/workload', 'todo list', 'skip(']) {
    it(`allow ${text}`, () => assert.ok(!finds(bannedWords, text)))
  }
})
