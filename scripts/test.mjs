/** `npm test`: does all set-up from a fresh clone and runs every test there is. `npm test -- --help` says more. */
import { spawnSync } from 'node:child_process'
// Not by name: Node 20, under which this file starts, has no globSync.
import fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { continueWhereAllCanRead } from './readable-checkout.mjs'
import { continueUnderProjectNode, ensureDependencies } from './setup-node.mjs'
import { ensureTestPackages, readConsent } from './setup-tests.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bench = join(root, 'testbench')
const isRoot = process.getuid?.() === 0
const cores = availableParallelism()

const help = `npm test -- [options] [FILE…]

Sets up what is missing (npm packages, Debian packages, a private PostgreSQL, a one-machine Slurm, a Debian trixie tree with JupyterLab 4)
and runs the stages in this order:

  check   types, lint, walls, documents (npm run check)
  unit    packages/**/*.test.ts, with PostgreSQL
  real    **/*.real.test.ts: Slurm, Jupyter, several users  needs root
  e2e     test/e2e/**/*.e2e.test.ts, in a real browser      needs root
  linuxproc  the main job again, on a Slurm without cgroups  needs root

  FILE…            only test files whose path contains one of these words; the check stage is left out
  --only STAGE     only this stage; several times or with commas for several
  --keep           leave Slurm and PostgreSQL up afterwards (what was up before is always left up)
  --yes            install system packages without asking (so does CI=true, and a missing terminal)
  --no-install     never install a system package
  --help           this text

The tests find the bench in these variables: TEST_POSTGRES_URL, TEST_TRIXIE_RUN, TEST_CHROMIUM, BATCHWAY_BENCH.
`

const say = (line) => console.log(line)

/** Runs a script of the bench; its words are shown. @returns {string} its standard output */
function runScript(name, args = [], env = {}) {
  const { status, stdout, error } = spawnSync(join(bench, name), args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error || status !== 0) throw new Error(`testbench/${name} failed${error ? `: ${error.message}` : ''}`)
  return stdout.trim()
}

const isUp = (what) => spawnSync('bash', ['-c', `source "$0/common.sh"; ${what}`, bench]).status === 0

/** What a stage needs to be up: how it comes up, what the tests are told, how it goes down. */
const services = {
  postgres: {
    isUp: () => isUp('alive "$bench/postgres/data/postmaster.pid" postgres'),
    up: () => ({ TEST_POSTGRES_URL: runScript('postgres-up.sh') }),
    down: () => runScript('postgres-down.sh'),
  },
  slurm: {
    isUp: () => isUp('alive "$bench/slurm/run/slurmctld.pid" slurmctld'),
    up: () => {
      say(`  ${runScript('slurm-up.sh')}`)
      return {}
    },
    down: () => runScript('slurm-down.sh'),
  },
  linuxproc: {
    // A site without cgroup tracking: whatever leaves its parent is lost to Slurm. Other stages need cgroups again.
    isUp: () => false,
    isTemporary: true,
    up: () => {
      say(`  ${runScript('slurm-up.sh', [], { PROCTRACK: 'linuxproc' })}`)
      return { TEST_PROCTRACK: 'linuxproc' }
    },
    down: () => runScript('slurm-up.sh', [], { PROCTRACK: 'cgroup' }),
  },
  trixie: {
    isUp: () => true,
    up: () => {
      runScript('trixie-up.sh')
      return { TEST_TRIXIE_RUN: runScript('trixie-up.sh', ['--where']) }
    },
    down: () => {},
  },
}

const stages = {
  check: { needs: [], rootOnly: false },
  unit: {
    find: () => find(['packages/*/src/**/*.test.ts', 'testbench/**/*.test.ts'], /\.(real|e2e)\.test\.ts$/),
    needs: ['postgres'],
    atOnce: cores,
    testSeconds: 60,
    fileSeconds: 180,
    rootOnly: false,
  },
  real: {
    find: () => find(['packages/*/src/**/*.real.test.ts', 'test/**/*.real.test.ts', 'testbench/**/*.real.test.ts']),
    needs: ['postgres', 'slurm', 'trixie'],
    // They mostly wait for Slurm.
    atOnce: Math.max(2, cores),
    testSeconds: 120,
    fileSeconds: 300,
    rootOnly: true,
  },
  e2e: {
    find: () => find(['test/e2e/**/*.e2e.test.ts']),
    needs: ['postgres', 'slurm', 'trixie'],
    // One browser, one hub and one Jupyter are already more than two cores can carry without waiting.
    atOnce: Math.max(1, Math.floor(cores / 4)),
    testSeconds: 240,
    fileSeconds: 480,
    rootOnly: true,
  },
  linuxproc: {
    find: () => find(['test/e2e/main-job.e2e.test.ts']),
    needs: ['slurm', 'trixie', 'linuxproc'],
    atOnce: 1,
    testSeconds: 240,
    fileSeconds: 480,
    rootOnly: true,
  },
}

function find(patterns, except = /^$/) {
  return fs
    .globSync(patterns, { cwd: root })
    .filter((file) => !except.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
    .sort()
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      keep: { type: 'boolean' },
      yes: { type: 'boolean' },
      'no-install': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const all = Object.keys(stages)
  const only = (values.only ?? []).flatMap((words) => words.split(','))
  const unknown = only.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`no stage is called ${unknown.join(', ')}; there are ${all.join(', ')}`)
  const wanted =
    only.length > 0
      ? all.filter((name) => only.includes(name))
      : all.filter((name) => positionals.length === 0 || name !== 'check')
  return { ...values, isChosen: only.length > 0, filters: positionals, wanted }
}

/** Chromium as the distributions call it. */
function findChromium() {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'))
  const paths = folders.flatMap((folder) =>
    ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)),
  )
  return paths.find((path) => {
    try {
      fs.accessSync(path, fs.constants.X_OK)
      return fs.statSync(path).isFile()
    } catch {
      return false
    }
  })
}

async function main() {
  const options = readOptions()
  if (options.help) {
    process.stdout.write(help)
    return 0
  }
  const startedAt = performance.now()
  ensureDependencies(root, say)
  continueUnderProjectNode(root)
  if (isRoot) continueWhereAllCanRead(root, 'scripts/test.mjs', say)

  const runnable = options.wanted.filter((name) => isRoot || !stages[name].rootOnly)
  const left = options.wanted.filter((name) => !runnable.includes(name))
  const why = `need root, for they run jobs as several users: sudo ${join(root, 'node_modules/.bin/node')} scripts/test.mjs`
  if (left.length > 0 && runnable.length === 0) throw new Error(`the stages ${left.join(' and ')} ${why}`)
  const needed = new Set(runnable.flatMap((name) => stages[name].needs))
  if (needed.size > 0) {
    // The unit tests run real Python servers and a real browser too; only the batch system and the trees are for the later stages.
    const isEnough = (name) => needed.has('slurm') || !/^(slurm|munge|mariadb|mmdebstrap|debootstrap)/.test(name)
    await ensureTestPackages({ consent: readConsent(process.argv.slice(2), process.env), say, only: isEnough })
  }

  const { runFiles } = await import('../testbench/run-files.mjs')
  const { runGates } = await import('./check.mjs')
  const env = { ...process.env, TEST_CHROMIUM: findChromium() ?? '' }
  delete env.BATCHWAY_NODE_CHOSEN
  const started = []
  const takeDown = () => {
    for (const name of started.splice(0).reverse()) {
      try {
        services[name].down()
      } catch (error) {
        say(error.message)
      }
    }
  }
  // Interrupted as well: `exit` handlers may still run scripts to their end.
  process.on('exit', takeDown)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
  const results = []
  const isReady = new Set()
  try {
    for (const name of runnable) {
      const stage = stages[name]
      say(`\n── ${name} ${'─'.repeat(60 - name.length)}`)
      const stageStartedAt = performance.now()
      const finish = (counts) => results.push({ name, ...counts, seconds: (performance.now() - stageStartedAt) / 1000 })
      if (!stage.find) {
        finish(runGates(say))
        continue
      }
      const all = stage.find()
      const files = all.filter(
        (file) => options.filters.length === 0 || options.filters.some((word) => file.includes(word)),
      )
      if (files.length === 0) {
        if (options.filters.length > 0) continue
        say('  ✗ this stage has no test')
        finish({ passed: 0, failed: 1, failures: [`${name}: no test`] })
        continue
      }
      try {
        for (const need of stage.needs) {
          if (isReady.has(need)) continue
          if (!services[need].isUp() && (!options.keep || services[need].isTemporary)) started.push(need)
          Object.assign(env, services[need].up())
          isReady.add(need)
        }
      } catch (error) {
        say(`  ✗ ${error.message}`)
        finish({ passed: 0, failed: 1, failures: [`${name}: ${error.message}`] })
        continue
      }
      const { atOnce, testSeconds, fileSeconds } = stage
      finish(await runFiles({ files, root, env, atOnce, testSeconds, fileSeconds, say }))
    }
  } finally {
    takeDown()
  }

  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  say(`\n── summary ${'─'.repeat(53)}`)
  for (const { name, passed, failed, seconds, failures } of results) {
    say(
      `  ${failed === 0 ? '✓' : '✗'} ${name.padEnd(9)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed  ${seconds.toFixed(0).padStart(5)} s`,
    )
    for (const failure of failures) say(`      ${failure}`)
  }
  if (left.length > 0) say(`  – ${left.join(' and ')} did not run: they ${why}`)
  say(`  ${((performance.now() - startedAt) / 60_000).toFixed(1)} min in all\n`)
  if (results.length === 0) say(`no test file matches ${options.filters.join(' ')}`)
  say(`${sum('passed')} passed, ${sum('failed')} failed`)
  return results.length > 0 && sum('failed') === 0 && (left.length === 0 || options.isChosen) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
