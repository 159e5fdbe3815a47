/** `npm run check`: every gate that needs no server, in one command. Says what failed and how to mend it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { listFiles } from './list-files.mjs'
import { continueUnderProjectNode, ensureDependencies } from './setup-node.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = (name) => join(root, 'node_modules', '.bin', name)

/** @returns {string | null} null for binary files */
function readText(path) {
  const bytes = readFileSync(join(root, path))
  return bytes.includes(0) ? null : bytes.toString('utf8')
}

const countLines = (text) => text.replace(/\n$/, '').split('\n').length

/** Each match in each file, as `path:line what`. */
function findAll(files, rules) {
  return files.flatMap((path) => {
    const text = readText(path)
    if (text === null) return []
    return rules.flatMap(({ pattern, why, except }) =>
      except?.test(path)
        ? []
        : [...text.matchAll(pattern)].map(
            (match) => `${path}:${countLines(text.slice(0, match.index + 1))} ${why}: ${match[0].slice(0, 60)}`,
          ),
    )
  })
}

/** Runs a program and passes its words on if it fails. @returns {string[]} */
function runTool(file, args) {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, NO_COLOR: '1' },
  })
  if (error) return [error.message]
  return status === 0 ? [] : `${stdout}${stderr}`.trimEnd().split('\n')
}

/** What must not stand in a tracked file. The patterns are written so that they do not match themselves. */
export const bannedWords = [
  { pattern: /\/w[o]rk\/(main|shared)/g, why: 'a path of one machine' },
  {
    pattern: /\b(registry\.n[p]mjs\.org|deb\.d[e]bian\.org|archive\.u[b]untu\.com)\b/g,
    why: "name no registry or mirror: the machine's own settings count",
  },
  {
    pattern: /"resolved": "https?:/g,
    why: 'the lock file names a registry: npm config set omit-lockfile-registry-resolved true, then npm install',
  },
  {
    pattern: /\b(sub-?[a]gents?|coding ass[i]stant|language m[o]del|pro[m]pt engineering)\b/gi,
    why: 'the project speaks of itself alone',
  },
  { pattern: /\bCl[a]ude\b|\bAnth[r]opic\b|\bOpen[A]I\b|\bChat[G]PT\b/gi, why: 'the project speaks of itself alone' },
  {
    pattern: /\b(TO[D]O|FIX[M]E|X[X]X)\b(?=[:( ])/g,
    why: 'finish it, or write it down as a known limit',
    except: /\.(txt|xml|json)$|\/(testdata|static)\//,
  },
  { pattern: /@ts-(ig[n]ore|noch[e]ck)/g, why: 'mend the type instead' },
  { pattern: /\b(it|test|describe)\.(sk[i]p|to[d]o|on[l]y)\(/g, why: 'every test runs', except: /\.md$/ },
]

/** What templates must not hold. Output is escaped by the factory; these ways go round it or round the content security policy. */
export const bannedInTemplates = [
  { pattern: /\|\s*raw\b/g, why: 'the raw filter prints unescaped' },
  { pattern: /<script\b(?![^>]*\bsrc=)[^>]*>/gi, why: 'inline script: put it into a file under static' },
  { pattern: /<style\b[^>]*>/gi, why: 'inline style sheet: put it into a file under static' },
  { pattern: /<[a-z][^<>]*?\sstyle\s*=/gi, why: 'style attribute: use a class' },
  { pattern: /<[a-z][^<>]*?\son[a-z]+\s*=/gi, why: 'event attribute: listen in a script file' },
  { pattern: /\shx-on[:\w-]*\s*=|["']js:|\bjavascript:/gi, why: 'evaluated attribute' },
]

const gates = [
  {
    name: 'types',
    mend: 'npx tsc -p . && npx tsc -p tsconfig.browser.json',
    run: () =>
      ['.', 'tsconfig.browser.json'].flatMap((project) => runTool(bin('tsc'), ['-p', project, '--pretty', 'false'])),
  },
  {
    name: 'lint and format',
    mend: 'npm run format (what it cannot mend, it names)',
    run: () => runTool(bin('biome'), ['check', '--max-diagnostics=50', '.']),
  },
  {
    name: 'walls between rooms and packages',
    mend: 'move the code to the floor that may import it; the tables are in testbench/walls/walls.ts',
    run: () => {
      const args = [
        '--conditions=source',
        '--test',
        '--test-timeout=60000',
        '--test-reporter=spec',
        'test/architecture.test.ts',
        'test/packages.test.ts',
        'test/untrusted-text.test.ts',
      ]
      const words = runTool(process.execPath, args)
      const start = words.findIndex((line) => line.includes('failing tests:'))
      return start === -1 ? words : words.slice(start + 1)
    },
  },
  {
    name: 'README files',
    mend: 'README.md ≤ 150 lines; one of ≤ 15 lines in each package and each room: what it owns, imports, passes on, where to start',
    run: () => {
      const files = listFiles(root)
      const folders = new Set(
        files.flatMap((path) => {
          const [, name, room] = /^packages\/([^/]+)\/(?:src\/([^/]+)\/)?/.exec(path) ?? []
          if (!name) return []
          return [`packages/${name}`, ...(name === 'batchway' && room ? [`packages/batchway/src/${room}`] : [])]
        }),
      )
      const missing = [...folders]
        .filter((folder) => !files.includes(`${folder}/README.md`))
        .map((folder) => `${folder}/README.md is missing`)
      const long = files
        .filter((path) => /(^|\/)README\.md$/.test(path) && !path.startsWith('docs/') && !path.startsWith('examples/'))
        .flatMap((path) => {
          const limit = path === 'README.md' ? 150 : 15
          const lines = countLines(readText(path) ?? '')
          return lines > limit ? [`${path} has ${lines} lines, the limit is ${limit}`] : []
        })
      return [...missing, ...long].sort()
    },
  },
  {
    name: 'file length',
    mend: 'no source above 500 lines: split it by what it decides and what it does',
    run: () =>
      listFiles(root)
        .filter(
          (path) =>
            /^(packages\/[^/]+\/src|scripts|testbench)\//.test(path) &&
            /\.([cm]?[jt]s|sh|liquid|css)$/.test(path) &&
            !/\/(static|testdata)\//.test(path),
        )
        .flatMap((path) => {
          const lines = countLines(readText(path) ?? '')
          return lines > 500 ? [`${path} has ${lines} lines`] : []
        }),
  },
  {
    name: 'banned words',
    mend: 'see the table in scripts/check.mjs',
    run: () => findAll(listFiles(root), bannedWords),
  },
  {
    name: 'templates',
    mend: 'see the table in scripts/check.mjs',
    run: () =>
      findAll(
        listFiles(root).filter(
          (path) => path.startsWith('packages/') && /\.(liquid|html)$/.test(path) && !/\/testdata\//.test(path),
        ),
        bannedInTemplates,
      ),
  },
  {
    name: 'generated reference',
    mend: 'npm run gen, and commit what it wrote',
    run: () =>
      existsSync(join(root, 'scripts/gen.ts'))
        ? runTool(process.execPath, ['--conditions=source', 'scripts/gen.ts', '--check'])
        : [],
  },
]

/** A gate that cannot be run is not passed. */
function tryRun(run) {
  try {
    return run()
  } catch (error) {
    return [error.message]
  }
}

/**
 * @param {(line: string) => void} say
 * @returns {{ passed: number, failed: number, failures: string[] }}
 */
export function runGates(say) {
  const failures = []
  for (const { name, mend, run } of gates) {
    const startedAt = performance.now()
    const complaints = tryRun(run)
    const time = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
    say(`  ${complaints.length === 0 ? '✓' : '✗'} ${name}  ${time}`)
    if (complaints.length === 0) continue
    failures.push(`gate: ${name}`)
    for (const line of complaints.slice(0, 80)) say(`      ${line}`)
    if (complaints.length > 80) say(`      … and ${complaints.length - 80} more lines`)
    say(`    to mend: ${mend}`)
  }
  return { passed: gates.length - failures.length, failed: failures.length, failures }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const say = (line) => console.log(line)
  try {
    ensureDependencies(root, say)
    continueUnderProjectNode(root)
    const { passed, failed } = runGates(say)
    say(`${passed} gates passed, ${failed} failed`)
    process.exitCode = failed === 0 ? 0 : 1
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
