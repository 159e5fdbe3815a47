/** `npm run demo:slurm`: a gateway in front of a real one-machine Slurm, for a person to try. `npm run demo:slurm -- --help` says more. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureDependencies } from './setup-node.mjs'
import { ensureTestPackages, readConsent } from './setup-tests.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const help = `npm run demo:slurm -- [options]

Sets up what is missing (npm packages, Debian packages, a one-machine Slurm with four virtual nodes, a tree with JupyterLab 4), starts a
gateway as the unprivileged user batchway, and prints sign-in links for alice, bob and carol. Enter prints fresh links; Ctrl-C ends the
gateway and its sessions. Needs root.

  --port PORT    port for the browser; 8000 or the next free one if absent
  --down         take Slurm down at the end; else it stays up, and the next demo starts at once
  --yes          install system packages without asking
  --no-install   never install a system package
  --help         this text
`

/** Runs a script of the bench; what it says is shown. */
function runScript(name, args = []) {
  const { status, error } = spawnSync(join(root, 'testbench', name), args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error || status !== 0) throw new Error(`testbench/${name} failed${error ? `: ${error.message}` : ''}`)
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      down: { type: 'boolean' },
      yes: { type: 'boolean' },
      'no-install': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  if (process.getuid?.() !== 0)
    throw new Error('The demo runs jobs as several users, so it needs root: sudo npm run demo:slurm')
  const say = (line) => console.log(line)
  ensureDependencies(root, say)
  const consent = readConsent(process.argv.slice(2), process.env)
  await ensureTestPackages({ consent, say, only: (name) => !/^(postgresql|chromium|debootstrap)$/.test(name) })
  runScript('slurm-up.sh')
  runScript('trixie-up.sh')
  const where = spawnSync(join(root, 'testbench/trixie-up.sh'), ['--where'], { encoding: 'utf8' }).stdout.trim()
  const site = join(root, 'testbench/demo-site.ts')
  const child = spawn(
    join(root, 'node_modules/.bin/node'),
    ['--conditions=source', site, ...(values.port === undefined ? [] : [values.port])],
    { stdio: 'inherit', env: { ...process.env, TEST_TRIXIE_RUN: where } },
  )
  // The terminal sends these to the child as well; what kill(1) sends to us alone is passed on.
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = await once(child, 'exit')
  if (values.down) runScript('slurm-down.sh')
  else say('Slurm stays up: testbench/slurm-down.sh takes it down.')
  return code ?? 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
