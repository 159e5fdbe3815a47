/** `npm test`: does all set-up from a fresh clone and runs every test there is. `npm test -- --help` says more. */
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { continueWhereAllCanRead } from './readable-checkout.mjs'
import { continueUnderProjectNode, ensureDependencies } from './setup-node.mjs'
import { installCommands } from './setup-packages.mjs'
import { ensureTestPackages, readConsent } from './setup-tests.mjs'
import { findChromium, root, services, stages } from './test-stages.mjs'

const isRoot = process.getuid?.() === 0

const help = `npm test -- [options] [FILE…]

Sets up what is missing (npm packages, Debian packages, a private PostgreSQL, a one-machine Slurm, Grid Engine and
HTCondor, a Debian trixie tree with JupyterLab 4)
and runs these stages: check first, linuxproc last, slurm24 and machine beside the others:

  check      types, lint, walls, documents (npm run check)
  unit       **/*.test.ts: Node alone
  postgres   **/*.postgres.test.ts: the store on a real PostgreSQL
  real       **/*.real.test.ts: Slurm, Grid Engine, HTCondor    needs root
  e2e        test/e2e/**/*.e2e.test.ts, in a real browser       needs root
  machine    test/e2e/machine-*.e2e.test.ts: sessions and faults needs root
  linuxproc  the main job again, on a Slurm without cgroups     needs root
  slurm24    driver, main job and faults again, on Slurm 24.11  needs root

  FILE…            only test files whose path contains one of these words; the check stage is left out
  --only STAGE     only this stage; several times or with commas for several
  --keep           leave Slurm, Grid Engine, HTCondor and PostgreSQL up afterwards (what was up before is always left up)
  --yes            install system packages without asking, and fail if a stage is left out (so does CI=true; nobody is asked without a terminal)
  --no-install     never install a system package
  --help           this text

Without root, what needs it is left out, and so is PostgreSQL where there is none; the summary names it.
The tests find the bench in these variables: TEST_POSTGRES_URL, TEST_HTCONDOR_BIN, TEST_TRIXIE_RUN, TEST_CHROMIUM,
BATCHWAY_BENCH.
`

const say = (line) => console.log(line)

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

/** Why this account cannot run a stage here; null if it can. */
function whyNot(name) {
  if (isRoot) return null
  if (stages[name].rootOnly)
    return `needs root, to run jobs as several users: sudo ${join(root, 'node_modules/.bin/node')} scripts/test.mjs`
  if (!stages[name].needs.includes('postgres') || services.postgres.isInstalled()) return null
  const commands = installCommands(['postgresql']).map((argv) => `sudo ${argv.join(' ')}`)
  return `needs PostgreSQL, which only root can install: ${commands.join(' && ')}`
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

  const consent = readConsent(process.argv.slice(2), process.env)
  const left = options.wanted.flatMap((name) => {
    const why = whyNot(name)
    return why === null ? [] : [{ name, why }]
  })
  if (left.length > 0 && options.isChosen)
    throw new Error(left.map(({ name, why }) => `the stage ${name} cannot run; it ${why}`).join('\n'))
  const runnable = options.wanted.filter((name) => left.every((one) => one.name !== name))
  const needed = new Set(runnable.flatMap((name) => stages[name].needs))
  // The batch system and the browser are for the stages that root runs; the others need at most PostgreSQL.
  if (needed.has('slurm') || needed.has('slurm24')) await ensureTestPackages({ consent, say })
  else if (needed.has('postgres') && !services.postgres.isInstalled())
    await ensureTestPackages({ consent, say, only: (name) => name === 'postgresql' })

  // Only now: what they import needs the packages.
  const { runStages } = await import('./run-stages.mjs')
  const env = { ...process.env, TEST_CHROMIUM: findChromium() ?? '' }
  delete env.BATCHWAY_NODE_CHOSEN
  const { keep = false, filters } = options
  const { results, busy } = await runStages({ names: runnable, filters, keep, env, say })

  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  say(`\n── summary ${'─'.repeat(53)}`)
  for (const { name, passed, failed, seconds, failures } of results) {
    say(
      `  ${failed === 0 ? '✓' : '✗'} ${name.padEnd(9)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed  ${seconds.toFixed(0).padStart(5)} s`,
    )
    for (const failure of failures) say(failure.replace(/^/gm, '      '))
  }
  for (const [why, those] of Map.groupBy(left, (one) => one.why))
    say(`  – did not run: ${those.map((one) => one.name).join(', ')}: ${why}`)
  const minutes = (performance.now() - startedAt) / 60_000
  say(`  ${minutes.toFixed(1)} min in all, the cores busy for ${(busy * 100).toFixed(0)} % of it\n`)
  if (results.length === 0) say(`no test file matches ${options.filters.join(' ')}`)
  say(`${sum('passed')} passed, ${sum('failed')} failed`)
  // Who looks sees what did not run; a machine that tests changes must not pass over it.
  const isComplete = left.length === 0 || consent !== 'yes'
  return results.length > 0 && sum('failed') === 0 && isComplete ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
