/** The stages of `npm test`: which files, what has to be up for them, how patient they are. */
import { spawn, spawnSync } from 'node:child_process'
// Not by name: Node 20, under which this file is read, has no globSync.
import fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bench = join(root, 'testbench')
const cores = availableParallelism()

const failed = (name, error) => new Error(`testbench/${name} failed${error ? `: ${error.message}` : ''}`)

/** Runs a script of the bench to its end; its words are shown. */
function runScript(name, args = [], env = {}) {
  const { status, error } = spawnSync(join(bench, name), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (error || status !== 0) throw failed(name, error)
}

/** The same while tests of other stages go on. @returns {Promise<string>} its standard output */
function startScript(name, args = [], env = {}) {
  const child = spawn(join(bench, name), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(failed(name, error)))
    // Not `close`: the daemons that it starts may hold its end of the pipe.
    child.once('exit', (status) => {
      const words = () => Buffer.concat(output).toString('utf8').trim()
      const finish = () => {
        child.stdout.destroy()
        if (status === 0) resolve(words())
        else reject(failed(name))
      }
      const patience = setTimeout(finish, 1000)
      child.stdout.once('close', () => {
        clearTimeout(patience)
        finish()
      })
    })
  })
}

const isUp = (what) => spawnSync('bash', ['-c', `source "$0/common.sh"; ${what}`, bench]).status === 0

/** What a stage needs to be up: how it comes up (`up` says what is up, and resolves to what the tests are told), how it goes down. */
export const services = {
  postgres: {
    /** Debian keeps the server's programs off the PATH. */
    isInstalled: () =>
      fs.globSync('/usr/lib/postgresql/*/bin/initdb').length > 0 || findProgram(['initdb']) !== undefined,
    isUp: () => isUp('alive "$bench/postgres/data/postmaster.pid" postgres'),
    up: async () => ({ TEST_POSTGRES_URL: await startScript('postgres-up.sh') }),
    down: () => runScript('postgres-down.sh'),
  },
  slurm: {
    isUp: () => isUp('alive "$bench/slurm/run/slurmctld.pid" slurmctld'),
    up: async (say) => {
      say(`  ${await startScript('slurm-up.sh')}`)
      return {}
    },
    down: () => runScript('slurm-down.sh'),
  },
  gridengine: {
    isUp: () => isUp('alive "$bench/gridengine/spool/qmaster/qmaster.pid" sge_qmaster'),
    up: async (say) => {
      say(`  ${await startScript('gridengine-up.sh')}`)
      return {}
    },
    down: () => runScript('gridengine-down.sh'),
  },
  htcondor: {
    isUp: () => isUp('alive "$bench/htcondor/run/master.pid" condor_master'),
    up: async (say) => {
      say(`  ${await startScript('htcondor-up.sh')}`)
      return { TEST_HTCONDOR_BIN: await startScript('htcondor-up.sh', ['--where']) }
    },
    down: () => runScript('htcondor-down.sh'),
  },
  linuxproc: {
    // A site without cgroup tracking: whatever leaves its parent is lost to Slurm. Other stages need cgroups again.
    isUp: () => false,
    isTemporary: true,
    up: async (say) => {
      say(`  ${await startScript('slurm-up.sh', [], { PROCTRACK: 'linuxproc' })}`)
      return { TEST_PROCTRACK: 'linuxproc' }
    },
    down: () => runScript('slurm-up.sh', [], { PROCTRACK: 'cgroup' }),
  },
  slurm24: {
    isUp: () => true,
    up: async () => {
      await startScript('slurm24-up.sh')
      return {}
    },
    down: () => {},
  },
  chp: {
    isUp: () => true,
    up: async () => ({ TEST_CHP: await startScript('chp-up.sh') }),
    down: () => {},
  },
  trixie: {
    isUp: () => true,
    up: async () => {
      await startScript('trixie-up.sh')
      return { TEST_TRIXIE_RUN: await startScript('trixie-up.sh', ['--where']) }
    },
    down: () => {},
  },
}

/**
 * In this order. Within a step its lanes run beside each other, within a lane one stage after the other: the first lane of the second step
 * computes, the second mostly waits (decision 0096). What changes the Slurm that all share runs alone.
 */
export const lanes = [
  [['check']],
  [
    ['unit', 'postgres', 'real', 'e2e'],
    ['slurm24', 'machine'],
  ],
  [['linuxproc']],
]

/**
 * @typedef {object} Stage
 * @property {() => string[]} [find] Its test files; a stage without runs the gates.
 * @property {readonly string[]} [first] The files that take longest, the longest first, by a part of their paths: what runs alone at the end
 *   is short. The end of each file's line tells what it took.
 * @property {readonly string[]} needs Names of services.
 * @property {readonly string[]} [within] A command that runs all of it.
 * @property {Readonly<Record<string, string>>} [env]
 * @property {number} [atOnce] Files beside each other.
 * @property {number} [testSeconds] Ends what hangs: several times what the slowest test takes while other work fills the machine.
 * @property {number} [fileSeconds] The same for a file.
 * @property {boolean} rootOnly
 */

/** @type {Readonly<Record<string, Stage>>} */
export const stages = {
  check: { needs: [], rootOnly: false },
  // Node alone: no root, no other account, no server.
  unit: {
    find: () => find(['packages/*/src/**/*.test.ts', 'testbench/**/*.test.ts'], /\.(postgres|real|e2e)\.test\.ts$/),
    needs: [],
    atOnce: cores,
    testSeconds: 300,
    fileSeconds: 900,
    rootOnly: false,
  },
  postgres: {
    find: () => find(['packages/*/src/**/*.postgres.test.ts']),
    needs: ['postgres'],
    atOnce: cores,
    testSeconds: 300,
    fileSeconds: 900,
    rootOnly: false,
  },
  real: {
    find: () => find(['packages/*/src/**/*.real.test.ts', 'test/**/*.real.test.ts', 'testbench/**/*.real.test.ts']),
    needs: ['postgres', 'slurm', 'gridengine', 'htcondor', 'trixie', 'chp'],
    first: ['endurance/soak', 'puppet', 'differential', 'testbench/release', 'endurance/route-changes'],
    // They mostly wait for Slurm.
    atOnce: cores + 1,
    testSeconds: 240,
    fileSeconds: 600,
    rootOnly: true,
  },
  e2e: {
    find: () => find(['test/e2e/**/*.e2e.test.ts'], /\/machine-/),
    first: [
      ...['agent-limits', 'start', 'front-servers', 'front-openid', 'a-real-site', 'founding-site', 'start-machine'],
      ...['revocation', 'sign-in-oidc', 'secrets', 'faults'],
    ].map((name) => `test/e2e/${name}.`),
    needs: ['postgres', 'slurm', 'gridengine', 'htcondor', 'trixie'],
    // A browser, a hub and a Jupyter work hard while a page loads; most of a file is waiting for jobs, limits and servers.
    atOnce: Math.max(3, Math.floor((cores * 3) / 4)),
    testSeconds: 360,
    fileSeconds: 720,
    rootOnly: true,
  },
  // The session machine under faults: no browser, and most of the time they wait for Slurm, for hubs that are away, for limits.
  machine: {
    find: () => find(['test/e2e/machine-*.e2e.test.ts']),
    first: ['silence', 'orphans', 'doctor-hidden', 'lists', 'patience', 'doctor', 'kills', 'cancels', 'submits'].map(
      (name) => `test/e2e/machine-${name}.`,
    ),
    needs: ['slurm', 'trixie'],
    atOnce: Math.max(3, cores),
    testSeconds: 600,
    fileSeconds: 1_200,
    rootOnly: true,
  },
  linuxproc: {
    find: () => find(['test/e2e/main-job.e2e.test.ts']),
    needs: ['slurm', 'trixie', 'linuxproc'],
    atOnce: 1,
    testSeconds: 360,
    fileSeconds: 720,
    rootOnly: true,
  },
  // The driver, the main job and the session machine on a newer Slurm; each file has one to itself, and is short where it can be.
  slurm24: {
    find: () => [
      ...['orphans', 'silence', 'submits', 'cancels', 'patience', 'kills', 'requeue'].flatMap((name) =>
        find([`test/e2e/machine-${name}.e2e.test.ts`]),
      ),
      ...find(['packages/schedulers/src/slurm/*.real.test.ts', 'test/e2e/main-job.e2e.test.ts']),
    ],
    first: ['test/e2e/machine-orphans.', 'test/e2e/machine-silence.'],
    needs: ['trixie', 'slurm24'],
    within: [join(bench, 'private-slurm.sh'), '--slurm', '24.11', '--'],
    env: { BATCHWAY_TEST_ROUNDS: '2', BATCHWAY_TEST_SILENCE: '20', BATCHWAY_TEST_ABSENCE: '10' },
    atOnce: Math.max(3, cores),
    testSeconds: 600,
    fileSeconds: 1_200,
    rootOnly: true,
  },
}

function find(patterns, except = /^$/) {
  return fs
    .globSync(patterns, { cwd: root })
    .filter((file) => !except.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
    .sort()
}

/**
 * @param {{ find: () => string[], first?: readonly string[] }} stage
 * @returns {string[]} its files in the order in which they begin; any that is not among its `first` comes after those
 */
export function filesOf({ find: findFiles, first = [] }) {
  const rank = (file) => {
    const at = first.findIndex((part) => file.includes(part))
    return at < 0 ? first.length : at
  }
  return findFiles().toSorted((a, b) => rank(a) - rank(b))
}

/** Chromium as the distributions call it. */
export const findChromium = () => findProgram(['chromium', 'chromium-browser', 'google-chrome'])

function findProgram(names) {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'))
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return paths.find((path) => {
    try {
      fs.accessSync(path, fs.constants.X_OK)
      return fs.statSync(path).isFile()
    } catch {
      return false
    }
  })
}
