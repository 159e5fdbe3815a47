/** Whatever reads text from outside has a property that any text is given to. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, it } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const files = globSync('packages/*/src/**/*.ts', { cwd: root }).filter(
  (file) => !/\/(testing|contract|model)\//.test(file),
)
const tests = files.filter((file) => file.endsWith('.test.ts'))
const properties = tests
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
  .filter(({ text }) => text.includes("from 'fast-check'"))
const packageOf = (file: string): string => file.split('/').slice(0, 2).join('/')

/** Names that readers of text have here. */
const reader = /^export (?:async )?(?:function|const) ((?:parse|decode|validate)[A-Z]\w*)/gm

/** Their text is of the one who starts the program. */
const excused = new Set(['parseCommandLine'])

describe('every exported reader of text', () => {
  for (const file of files.filter((each) => !/\.test\.ts$|testing/.test(each)))
    for (const [, name = ''] of readFileSync(join(root, file), 'utf8').matchAll(reader))
      if (!excused.has(name))
        it(`${name} of ${dirname(file)} has a property`, () =>
          assert.ok(
            properties.some(
              (each) => packageOf(each.file) === packageOf(file) && new RegExp(`\\b${name}\\b`).test(each.text),
            ),
            'write one in the untrusted-text.property.test.ts of its room: any text is read or refused in the one way it may be',
          ))
})
