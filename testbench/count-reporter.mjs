/** A reporter for `node --test` that writes one line of JSON: what was counted and why tests failed, for whoever sums up several runs. */
import { readFileSync } from 'node:fs'
import module from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { firstLines } from './first-lines.mjs'

// A reporter is loaded before the tests: what Node makes of our TypeScript and of packages is kept for the next file. In the environment it
// would hold for the programs under test as well, which have a cache of their own. A folder that cannot be written is no error.
module.enableCompileCache(fileURLToPath(new URL('../.cache/compiled', import.meta.url)))

/** Failures that only say that another one is told beside them. */
const followed = new Set(['subtestsFailed', 'cancelledByParent'])

/** @param {AsyncIterable<{type: string, data: any}>} events */
export default async function* countReporter(events) {
  const count = { passed: 0, failed: 0, skipped: 0, errors: [] }
  const others = []
  const path = []
  for await (const { type, data } of events) {
    if (type === 'test:start') path.splice(data.nesting, path.length, data.name)
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (type === 'test:fail') {
      const { error } = data.details ?? {}
      const place = data.line === undefined ? '' : ` (line ${data.line})`
      const name = [...path.slice(0, data.nesting), data.name].join(' > ')
      const words = firstLines(`${name}${place}\n${wordsOf(error)}`, 40)
      if (followed.has(error?.failureType)) others.push(words)
      else count.errors.push(words)
    }
    if (data.details?.type === 'suite') continue
    // A file without a single test is reported as one passed test that bears the file's name.
    const isFile = data.nesting === 0 && /\.test\.[cm]?[jt]s$/.test(data.name)
    if (data.skip !== undefined || data.todo !== undefined) count.skipped += 1
    else if (type === 'test:fail') count.failed += 1
    else if (!isFile) count.passed += 1
  }
  if (count.errors.length === 0) count.errors = others
  yield `${JSON.stringify({ ...count, cpuSeconds: cpuSeconds() })}\n`
}

/** Of this process and of those below it that have ended; jobs and daemons are others' children. @see proc_pid_stat(5), cutime and cstime */
function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  // What stands before may hold blanks and brackets: the program's name.
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)?.split(' ') ?? []
  const ticksOfChildren = Number(fields[13]) + Number(fields[14])
  return (user + system) / 1_000_000 + ticksOfChildren / 100
}

/** The error that the test threw, without the runner's around it. The stack's lines inside Node say nothing. */
function wordsOf(error) {
  const cause = error?.cause ?? error
  const text = typeof cause === 'string' ? cause : inspect(cause, { depth: 3, breakLength: 150, maxStringLength: 300 })
  return text
    .split('\n')
    .filter((line) => !/^\s+at .*\(?node:/.test(line))
    .map((line) => `  ${line.slice(0, 1_000)}`)
    .join('\n')
}
