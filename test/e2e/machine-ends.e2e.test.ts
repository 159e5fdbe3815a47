/**
 * Ends that take a scheduler of one's own to provoke, and what a person is told about each: a node that dies, a job that is pushed out, a node
 * that cannot be prepared, requests that Slurm takes or does not take, modules, an output that cannot be opened, a site that nodes cannot reach.
 * Each has its control: the same profile, or the very same session, without that one thing.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext } from 'playwright-core'
import { type SessionView, sessionOf, untilState } from './support/api.ts'
import { launch, openBrowser, openPage, signIn } from './support/browser.ts'
import { isBesideOwnSlurm, runBesideOwnSlurm } from './support/own-slurm.ts'
import { openSite, type Site } from './support/site.ts'
import { assertTold, type Told } from './support/told.ts'
import { attemptsOf, nothing, processesOfJob, replayTraces, tracesOf } from './support/traces.ts'
import { until } from './support/until.ts'

const bench = '/var/tmp/batchway-bench'
const fate = `${bench}/fate.py`
const prolog = `${bench}/prolog`
/** While it is there, node n4 cannot be prepared for a job. */
const prologFault = `${bench}/prolog-fails`
const colours = `${bench}/modules/colours/1.0`
/** What a shell of Debian's Environment Modules reads. */
const moduleInit = '/etc/profile.d/modules.sh'

const settings = [
  'PreemptType=preempt/partition_prio',
  'PreemptMode=CANCEL',
  `Prolog=${prolog}`,
  'PartitionName=frail Nodes=n2 State=UP',
  'PartitionName=modest Nodes=n3 PriorityTier=1 PreemptMode=CANCEL State=UP',
  'PartitionName=urgent Nodes=n3 PriorityTier=9 State=UP',
  'PartitionName=sick Nodes=n4 State=UP',
  'PartitionName=closed Nodes=n1 State=DOWN',
]

const stay = ['/usr/bin/python3', fate, '{port}', 'stay']
/** Says what modules have made of its environment, then stays. */
const looking = ['/bin/sh', '-c', 'echo "colour: $COLOUR, by $(colour-name)"; exec "$@"', 'sh', ...stay]
const application = (command: readonly string[], more: object = {}) => ({
  kind: 'command',
  title: 'Fate',
  command,
  ...more,
})
const applications = {
  stay: application(stay),
  mute: application(['/usr/bin/python3', fate, '{port}', 'mute']),
  wrapped: application(['/bin/sh', '-c', 'echo "looking for it"; exec /opt/nowhere/server "$0"', '{port}']),
  coloured: application(looking, { modules: [colours] }),
  faded: application(looking, { modules: [colours, 'no-such-module/3.99'] }),
  scratch: application(stay, { prologue: 'echo "/scratch is not mounted" >&2\nexit 1' }),
}

const size = { cores: 1, memory: '300M', walltime: '10m' }
const onLarch = (options: object, more: object = {}) => ({
  title: 'Fate on Larch',
  cluster: 'slurm',
  application: 'stay',
  resources: size,
  options: { partition: 'debug', ...options },
  ...more,
})
const profiles: Readonly<Record<string, object>> = {
  frail: onLarch({ partition: 'frail' }),
  modest: onLarch({ partition: 'modest' }, { resources: { ...size, cores: 32 } }),
  sick: onLarch({ partition: 'sick' }),
  closed: onLarch({ partition: 'closed' }),
  'foreign-account': onLarch({ account: 'astronomy' }),
  account: onLarch({ account: 'chem' }),
  'brief-qos': onLarch({ qos: 'brief' }),
  brief: onLarch({ qos: 'brief' }, { resources: { ...size, walltime: '4m' } }),
  lengthy: onLarch({}, { resources: { ...size, walltime: '2h' } }),
  wrapped: onLarch({}, { application: 'wrapped' }),
  coloured: onLarch({}, { application: 'coloured' }),
  faded: onLarch({}, { application: 'faded' }),
  scratch: onLarch({}, { application: 'scratch' }),
  blind: { ...onLarch({}, { limits: { boot: '15s' } }), cluster: 'blind' },
  seeing: onLarch({}, { limits: { boot: '15s' } }),
}

const support = /tell your support/i

const slurm = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8' })
const asPerson = (account: string, file: string, ...args: string[]): string =>
  slurm('setpriv', `--reuid=${account}`, `--regid=${account}`, '--init-groups', file, ...args)

if (!isBesideOwnSlurm)
  it('beside a Slurm of its own', { timeout: 1_000_000 }, () => runBesideOwnSlurm(import.meta.filename, settings))
else
  describe('beside a Slurm of its own, a person is told', { concurrency: true }, () => {
    let site: Site
    let browser: Browser
    let context: BrowserContext
    before(async () => {
      // As long as real ones: what accounting has of a script that never began then has a length too.
      writeFileSync(
        prolog,
        `#!/bin/sh\n[ "$SLURMD_NODENAME" != n4 ] || [ ! -e ${prologFault} ] || { sleep 2; exit 1; }\n`,
      )
      chmodSync(prolog, 0o755)
      copyFileSync(join(import.meta.dirname, 'support/fate.py'), fate)
      mkdirSync(`${bench}/modules/bin`, { recursive: true })
      mkdirSync(`${bench}/modules/colours`)
      writeFileSync(colours, `#%Module\nsetenv COLOUR green\nprepend-path PATH ${bench}/modules/bin\n`)
      writeFileSync(`${bench}/modules/bin/colour-name`, '#!/bin/sh\necho name\n')
      chmodSync(`${bench}/modules/bin/colour-name`, 0o755)
      slurm('sacctmgr', '--immediate', 'add', 'qos', 'brief', 'MaxWall=5', 'Flags=DenyOnLimit')
      slurm('sacctmgr', '--immediate', 'modify', 'user', 'alice', 'set', 'qos+=brief')
      site = await openSite({
        instance: 'n1',
        change(config) {
          Object.assign(config.applications as object, applications)
          config.profiles = Object.entries(profiles).map(([key, profile]) => ({ key, ...profile }))
          config.admins = ['carol']
          const clusters = config.clusters as Record<string, object>
          // Nobody listens there: what a firewall between nodes and site comes to.
          clusters.blind = { ...clusters.slurm, hubUrl: 'http://127.0.0.1:9/' }
        },
      })
      browser = await openBrowser()
      context = await signIn(browser, site, 'alice')
    })
    after(async () => {
      try {
        await browser?.close()
        // Whatever happened to it, no session did what the machine's table does not know.
        if (site) assert.ok(replayTraces(site) > 0)
      } finally {
        await site?.[Symbol.asyncDispose]()
      }
    })

    async function started(server: string, profile = server): Promise<void> {
      const page = await openPage(context)
      try {
        await launch(page, site, profile, `alice/${server}`)
      } finally {
        await page.close()
      }
    }
    const isNow = (server: string, state: SessionView['state'], limitMs = 120_000): Promise<SessionView> =>
      untilState(context, site, 'alice', server, state, limitMs)
    async function ready(server: string, profile = server): Promise<SessionView> {
      await started(server, profile)
      return isNow(server, 'ready')
    }
    async function ends(server: string, told: Told): Promise<void> {
      const session = await isNow(server, 'ended', 180_000)
      await assertTold(context, site, session, told)
      const { id, url } = session
      await until(
        `nothing is left of ${server}`,
        async () => {
          assert.deepEqual(await tracesOf(site, { id, url, cluster: 'slurm' }), nothing)
          return true
        },
        60_000,
      )
    }

    it('that its node died', async () => {
      const { job_id: job } = await ready('frail')
      // Power off: its slurmd, and all that ran there, without a word to anybody.
      const own = processesOfJob('slurm', job ?? '').map(({ pid }) => pid)
      const parents = own.map((pid) =>
        Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
      )
      const steps = parents.filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('slurmstepd'))
      const daemon = Number(readFileSync(`${bench}/slurm/run/slurmd.n2.pid`, 'utf8'))
      for (const pid of [daemon, ...new Set(steps), ...own]) kill(pid)
      slurm('scontrol', 'update', 'NodeName=n2', 'State=DOWN', 'Reason=power')
      await ends('frail', {
        code: 'node-failure',
        chip: 'Node failure',
        sentence: /^The node it ran on failed at \d\d:\d\d\.$/,
        cause: /A fault of the machine, not of your work\./,
        next: /Start it again: it gets another node\./,
        words: /^N(ODE_FAI)?[LF]/,
        log: /^fate: stay$/m,
        shot: true,
      })
    })

    it('that another job took its place', async () => {
      await ready('modest')
      asPerson(
        'bob',
        'sbatch',
        '--chdir=/tmp',
        '--output=/dev/null',
        '--partition=urgent',
        '--cpus-per-task=32',
        '--mem=50',
        '--wrap=sleep 600',
      )
      await ends('modest', {
        code: 'preempted',
        chip: 'Preempted',
        sentence: /^A job with higher priority took its place at \d\d:\d\d\.$/,
        cause: /lets more important jobs push others out/,
        next: /on another partition if this happens often/,
        words: /^PR|^ended in order: the scheduler asked for it$/,
        log: /^fate: stay$/m,
        shot: true,
      })
    })

    it('that the node could not be prepared', async () => {
      await ready('healthy', 'sick')
      writeFileSync(prologFault, '')
      await started('sick')
      await ends('sick', {
        code: 'not-prepared',
        chip: 'Node not prepared',
        sentence: /^The node could not be prepared for Fate at \d\d:\d\d\.$/,
        cause: /What the site runs on a node before a job/,
        next: support,
        words: /^CANCELLED by 0 before its script began$/,
        log: null,
        shot: true,
      })
      assert.match(slurm('sinfo', '--noheader', '--nodes=n4', '--format=%E'), /prolog/i, 'Slurm has drained it')
      assert.equal((await sessionOf(context, site, 'alice', 'healthy')).state, 'ready', 'control')
    })

    it('that its log could not be written', async () => {
      await started('closed')
      await started('open', 'closed')
      const logOf = async (server: string): Promise<string> => {
        const { id } = await isNow(server, 'queued')
        return `/home/alice/.batchway-${attemptsOf(site, id)[0]?.tag}.log`
      }
      const [taken, free] = [await logOf('closed'), await logOf('open')]
      asPerson('alice', 'mkdir', taken)
      try {
        slurm('scontrol', 'update', 'PartitionName=closed', 'State=UP')
        await ends('closed', {
          code: 'output-unwritable',
          chip: 'Log not writable',
          sentence: /^The job could not write its log file in the home folder of alice\.$/,
          cause: /something else has its name/,
          next: /Check space and permissions of your home folder/,
          words: /^the file for the job’s output, \/home\/alice\/\.batchway-bn1\w+\.log, cannot be written$/,
          log: /Is a directory/i,
          shot: true,
        })
        await isNow('open', 'ready')
        assert.match(readFileSync(free, 'utf8'), /^batchway: begins on /)
      } finally {
        rmSync(taken, { recursive: true })
      }
    })

    it('that modules are missing, and how the others change its application', async () => {
      assert.ok(existsSync(moduleInit), 'environment-modules is installed')
      slurm('mount', '--bind', '/dev/null', moduleInit)
      try {
        await started('moduleless', 'coloured')
        await ends('moduleless', {
          code: 'module-failed',
          chip: 'Module failed',
          sentence: /^A module that Fate needs could not be loaded\.$/,
          cause: /renamed or removed/,
          next: support,
          words: /^there is no module command on this node, so the module \S+\/colours\/1\.0 cannot be loaded$/,
          log: /^batchway: there is no module command on this node/m,
        })
      } finally {
        slurm('umount', moduleInit)
      }
      await started('faded')
      const { id } = await ready('coloured')
      const log = `/home/alice/.batchway-${attemptsOf(site, id)[0]?.tag}.log`
      assert.match(readFileSync(log, 'utf8'), /^colour: green, by name$/m)
      await ends('faded', {
        code: 'module-failed',
        chip: 'Module failed',
        sentence: /^A module that Fate needs could not be loaded\.$/,
        cause: /renamed or removed/,
        next: support,
        words: /^the module no-such-module\/3\.99 cannot be loaded on this node: .*no-such-module\/3\.99/,
        log: /Unable to locate a modulefile for 'no-such-module\/3\.99'/,
        shot: true,
      })
    })

    it('that what the site runs beforehand failed', async () => {
      await started('scratch')
      await ends('scratch', {
        code: 'not-prepared',
        chip: 'Node not prepared',
        sentence: /^The node could not be prepared for Fate at \d\d:\d\d\.$/,
        cause: /or before this application, failed there/,
        next: support,
        words: /^the prologue of this application failed: \/scratch is not mounted$/,
        log: /^\/scratch is not mounted$/m,
      })
    })

    it('that the node could not reach the site', async () => {
      await started('blind')
      await ready('seeing')
      await ends('blind', {
        code: 'hub-not-reachable',
        chip: 'Node could not reach us',
        sentence: /^The job ran, but its node could not reach this site\.$/,
        cause: /firewall or a wrong address/,
        next: support,
        words: /its agent has not reported/,
        log: /^batchway: waiting for the hub: ECONNREFUSED$/m,
        shot: true,
      })
    })

    for (const [server, control, words] of [
      ['foreign-account', 'account', /Invalid account or account\/partition combination/],
      ['brief-qos', 'brief', /QOSMaxWallDurationPerJobLimit/],
    ] as const)
      it(`that Slurm did not take it (${server})`, async () => {
        await started(server)
        await ready(control)
        await ends(server, {
          code: 'rejected',
          chip: 'Rejected',
          sentence: /^Larch did not accept the job at \d\d:\d\d\.$/,
          cause: /breaks a rule of the scheduler/,
          next: /Change what you ask for/,
          words,
          log: null,
        })
      })

    it('that it could never run', async () => {
      await started('lengthy')
      await ends('lengthy', {
        code: 'can-never-run',
        chip: 'Can never run',
        sentence: /^Larch can never run what was asked for\.$/,
        cause: /It asks for more time than allowed there\./,
        next: /Ask for less time/,
        words: /^PartitionTimeLimit$/,
        log: null,
        shot: true,
      })
    })

    it('that its program was not there, when only a shell can say so (exit 127)', async () => {
      await started('wrapped')
      await ends('wrapped', {
        code: 'application-not-found',
        chip: 'Application not found',
        sentence: /^Fate was not found on the node\.$/,
        cause: /program is missing there/,
        next: /Choose another profile, or tell your support\./,
        words: /status 127/,
        log: /^looking for it\n.*\/opt\/nowhere\/server: not found$/m,
      })
    })

    it('that an administrator stopped it', async () => {
      const session = await ready('supervised', 'seeing')
      const admin = await signIn(browser, site, 'carol')
      const cookies = await admin.cookies(`${site.url}hub/`)
      const token = cookies.find(({ name, path }) => name === '_xsrf' && path === `${site.base}hub/`)?.value ?? ''
      const answer = await admin.request.delete(`${site.url}hub/api/users/alice/sessions/${session.id}`, {
        headers: { 'X-XSRFToken': token },
      })
      assert.ok([200, 202].includes(answer.status()), `${answer.status()} ${await answer.text()}`)
      await ends('supervised', {
        code: 'stopped-by-admin',
        chip: 'Stopped by an administrator',
        sentence: /^carol stopped it at \d\d:\d\d\.$/,
        cause: /Administrators stop sessions/,
        next: /Ask your support before starting it again\./,
        words: null,
        log: /^fate: stay$/m,
      })
      await admin.close()
    })
  })

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended with another.
  }
}
