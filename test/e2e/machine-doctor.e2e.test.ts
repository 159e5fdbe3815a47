/** `batchway doctor` as the hub's account, against the real Slurm of the bench: a healthy site, and sites with one thing broken each. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import {
  complaints,
  installAgentAndRules,
  linesOf,
  openPaperSite,
  type PaperSite,
  runDoctor,
} from './support/doctor-bed.ts'
import { openSite } from './support/site.ts'
import { until } from './support/until.ts'

/** An account of this test alone: not in the group of the sudo rule, so that it can lose what others need. */
const person = 'dora'
const home = `/home/${person}`

function makePerson(): void {
  removePerson() // of a run that was cut short
  execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', '--groups', 'batchway-users', person])
  execFileSync('chmod', ['700', home])
  execFileSync('sacctmgr', ['--immediate', 'add', 'user', person, 'account=chem'], { stdio: 'ignore' })
}

function removePerson(): void {
  spawnSync('sacctmgr', ['--immediate', 'delete', 'user', person], { stdio: 'ignore' })
  for (const place of [home, `${home}.away`]) spawnSync('rm', ['-rf', place])
  if (spawnSync('id', [person], { stdio: 'ignore' }).status === 0) execFileSync('userdel', ['--force', person])
}

/** Jobs of doctors that have not ended. */
function jobsLeft(instance: string): string[] {
  const rows = execFileSync('squeue', ['--noheader', '--format=%i %j'], { encoding: 'utf8' }).split('\n')
  return rows.filter((row) => row.includes(` b${instance}-dr-`))
}
const logsLeft = (instance: string): string[] => globSync(`/home/*/.batchway-b${instance}-dr-*`)

describe('batchway doctor', () => {
  before(installAgentAndRules)

  describe('on a healthy site', () => {
    it('finds nothing to mend while hub, proxy and both clusters run, and shows no secret', async () => {
      await using site = await openSite({
        instance: 'd1',
        change(config) {
          const profiles = config.profiles as { key: string }[]
          config.profiles = profiles.filter(({ key }) => ['slurm-classic', 'slurm-lab', 'local-classic'].includes(key))
        },
      })
      const args = [`--config=${site.configFile}`, '--as=alice']

      const json = await runDoctor([...args, '--json'])
      assert.deepEqual(complaints(json), [], json.stderr)
      assert.equal(json.code, 0)
      assert.match(linesOf(json, 'listeners').join(), /\(ours\).*\(ours\)/)
      assert.deepEqual(
        linesOf(json, 'job-hub').map((line) => /the hub answers$/.test(line)),
        [true, true],
      )
      assert.match(linesOf(json, 'job-accounting').join(), /tells how job \d+ ended \(cancelled\)/)
      const text = await runDoctor([...args, '--cluster=slurm'])
      assert.equal(text.code, 0)
      assert.match(text.stdout, /^ok {7}slurm: Job: visible to the hub: batchway sees job \d+ of alice/m)
      assert.match(text.stdout, /\n\n\d+ ok\n$/)
      assert.doesNotMatch(text.stdout, /local:/)

      const secrets = ['hub.key', 'proxy.token'].map((name) =>
        readFileSync(join(site.stateDirectory, name), 'utf8').trim(),
      )
      for (const secret of secrets)
        for (const output of [json.stdout, json.stderr, text.stdout, text.stderr])
          assert.equal(output.includes(secret), false)
      await until('nothing is left', () => jobsLeft('d1').length === 0)
      assert.deepEqual(logsLeft('d1'), [])
    })
  })

  // One after the other: each doctor answers at the one address where the site's hub would.
  describe('on a site with one thing broken', () => {
    let site: PaperSite
    let folder: string
    before(async () => {
      site = await openPaperSite('d2')
      folder = mkdtempSync('/var/tmp/batchway-doctor-parts-')
      execFileSync('chmod', ['755', folder])
      makePerson()
    })
    after(() => {
      site?.[Symbol.dispose]()
      if (folder) rmSync(folder, { recursive: true, force: true })
      removePerson()
    })
    const doctor = (config: string, ...args: string[]) => runDoctor([`--config=${config}`, '--json', ...args])

    it('stands in for a hub that does not run', async () => {
      const run = await doctor(site.configFile, '--as=alice')
      assert.deepEqual(
        complaints(run).map((line) => line.split(':')[0]),
        ['skipped  proxy', 'skipped  routes'],
      )
      assert.equal(run.code, 0)
      assert.match(linesOf(run, 'job-hub').join(), /^ok: .* the doctor was reached in place of the hub/)
    })

    it('says what it does not look at without an account, and without a job', async () => {
      const run = await doctor(site.configFile)
      assert.deepEqual(linesOf(run, 'job-submit'), ['skipped: no job was submitted (name somebody: --as ACCOUNT)'])
      assert.match(linesOf(run, 'sudo').join(), /^skipped: .*--as ACCOUNT/)
      const noJob = await doctor(site.configFile, '--as=alice', '--no-job')
      assert.deepEqual(linesOf(noJob, 'job-submit'), ['skipped: no job was submitted (--no-job)'])
      assert.match(linesOf(noJob, 'profiles').join(), /^ok: Slurm would take each of 1 profiles for alice/)
    })

    it('sends another account to the hub’s', async () => {
      const alice = findAccount('alice')
      assert.ok(alice)
      using open = await openPaperSite('d2')
      execFileSync('chmod', ['755', open.state])
      execFileSync('chmod', ['644', open.configFile])

      const run = await runDoctor([`--config=${open.configFile}`, '--json', '--as=alice'], { account: alice })
      assert.equal(run.code, 1)
      assert.match(linesOf(run, 'account').join(), /runuser -u batchway -- batchway doctor --config=\S+ --as=alice/)
      assert.equal(run.findings.length, 2)
    })

    it('serves a person alone, too, who has started nothing yet', async () => {
      const alice = findAccount('alice')
      assert.ok(alice)
      using own = await openPaperSite('d2')
      const config = own.write('self', (all) => {
        all.clusters = { larch: { driver: 'slurm', transport: 'self' }, here: { driver: 'local', transport: 'self' } }
        const [profile] = all.profiles as object[]
        all.profiles = [profile, { ...profile, key: 'here', cluster: 'here', options: {} }]
      })
      execFileSync('chown', ['-R', 'alice:', own.state])

      const run = await runDoctor([`--config=${config}`, '--json'], { account: alice })
      assert.equal(run.code, 0, run.stdout)
      assert.deepEqual(
        complaints(run).filter((line) => !line.startsWith('skipped')),
        [`warning here local-scheduler: it does not answer at ${own.state}/local`],
      )
      assert.match(linesOf(run, 'job-log').join(), /^ok: the hub can read it/)
    })

    it('prints the missing sudo rule', async () => {
      // A world of its own, in which the rules of the bench are not there.
      mkdirSync(join(folder, 'sudoers.d'), { mode: 0o755 })
      const around = [
        'unshare',
        '--mount',
        'sh',
        '-c',
        'mount --bind "$0" /etc/sudoers.d && exec "$@"',
        join(folder, 'sudoers.d'),
      ]
      const run = await runDoctor([`--config=${site.configFile}`, '--json', '--as=alice'], { around })

      assert.equal(run.code, 1)
      const [sbatch = '', scancel = ''] = linesOf(run, 'sudo')
      assert.match(sbatch, /^problem: no rule lets batchway run \/usr\/bin\/sbatch as alice$/m)
      assert.match(scancel, /scancel as alice/)
      assert.match(
        sbatch,
        /^ {2}batchway ALL = \(%batchway-users, !#0\) NOPASSWD: \/usr\/bin\/sbatch, \/usr\/bin\/scancel, \/\S+\/batchway-read-log ""$/m,
      )
      assert.match(linesOf(run, 'job-submit').join(), /^problem: sudo did not run the command as alice/)
      // The positive control: what was printed, written where it says, mends it.
      const rule = sbatch
        .split('\n')
        .filter((line) => line.startsWith('  '))
        .map((line) => line.trim())
      writeFileSync(join(folder, 'sudoers.d/batchway'), `${rule.join('\n')}\n`, { mode: 0o440 })
      const mended = await runDoctor([`--config=${site.configFile}`, '--json', '--as=alice', '--no-job'], { around })
      assert.deepEqual(
        linesOf(mended, 'sudo').map((line) => line.slice(0, 2)),
        ['ok', 'ok', 'ok'],
      )
    })

    it('names the group that a person is missing from, and a variable that sudo drops', async () => {
      const run = await runDoctor([`--config=${site.configFile}`, '--json', '--as=nobody', '--no-job'])
      assert.match(linesOf(run, 'sudo')[0] ?? '', /usermod --append --groups batchway-users nobody/)
      mkdirSync(join(folder, 'strict.d'), { mode: 0o755 })
      writeFileSync(
        join(folder, 'strict.d/batchway'),
        'batchway ALL=(%batchway-users) NOPASSWD: /usr/bin/sbatch, /usr/bin/scancel\n',
        { mode: 0o440 },
      )
      const around = [
        'unshare',
        '--mount',
        'sh',
        '-c',
        'mount --bind "$0" /etc/sudoers.d && exec "$@"',
        join(folder, 'strict.d'),
      ]
      const strict = await runDoctor([`--config=${site.configFile}`, '--json', '--as=alice', '--no-job'], {
        around,
        environment: { SLURM_CONF: '/etc/slurm/slurm.conf' },
      })
      assert.match(
        linesOf(strict, 'sudo').join('\n'),
        /sudo drops SLURM_CONF.*\n.*\n {2}Defaults:batchway env_keep \+= "SLURM_CONF"/,
      )
    })

    it('tells a hub address that is wrong: refused, unknown, somebody else’s, another path', async () => {
      const other = createServer((_, response) => response.writeHead(200).end('{}')).listen(0, '127.0.0.1')
      try {
        await until('the other server listens', () => other.listening)
        const address = other.address()
        const port = typeof address === 'object' && address !== null ? address.port : 0
        for (const [name, hubUrl, words] of [
          ['refused', 'http://127.0.0.1:9', /nobody listens there \(connection refused\).*\[ECONNREFUSED\]/],
          ['unknown', 'http://login9.invalid:8081', /the name is not known there/],
          ['other', `http://127.0.0.1:${port}`, /something else than this hub answers there \(status 200\)/],
        ] as const) {
          const config = site.write(name, (all) => {
            Object.assign((all.clusters as { larch: object }).larch, { hubUrl })
          })
          const run = await doctor(config, '--as=alice')
          assert.equal(run.code, 1)
          const [line = ''] = linesOf(run, 'job-hub')
          assert.match(line, words)
          assert.ok(line.startsWith(`problem: ${hubUrl}/hub/api`), line)
          // What the job saw came back all the same, and it was cleaned away.
          assert.match(linesOf(run, 'job-cancel').join(), /^ok: /)
        }
      } finally {
        other.close()
      }
    })

    it('tells partitions that do not exist, profiles that can never run, and what Slurm would refuse', async () => {
      const size = { cores: 1, memory: '1G', walltime: '10m' }
      const config = site.write('profiles', (all) => {
        const profile = (key: string, more: object) => ({
          key,
          title: key,
          cluster: 'larch',
          application: 'shell',
          resources: size,
          ...more,
        })
        all.profiles = [
          profile('nowhere', { options: { partition: 'bacth' } }),
          profile('long', { options: { partition: 'debug' }, resources: { ...size, walltime: '5h' } }),
          profile('wide', { options: { partition: 'batch' }, choose: { cores: [1, 64] } }),
          profile('poor', { options: { partition: 'batch', account: 'nobodys' } }),
        ]
      })
      const run = await doctor(config, '--as=alice', '--no-job')
      assert.equal(run.code, 1)
      const partitions = linesOf(run, 'partitions').join('\n')
      assert.match(
        partitions,
        /^problem: profile nowhere names partition bacth, which does not exist\nThere are: debug, batch, gpu/m,
      )
      assert.match(partitions, /^problem: profile long can never run: 5h is more than the 30m of partition debug$/m)
      assert.match(
        partitions,
        /^warning: profile wide lets users choose what can never run: 64 cores; a node of batch has 32$/m,
      )
      const refused = linesOf(run, 'profiles').join('\n')
      assert.match(refused, /^problem: nowhere: Slurm would refuse it for alice: .*partition/m)
      assert.match(refused, /^problem: poor: Slurm would refuse it for alice: Invalid account/m)
      assert.doesNotMatch(refused, /wide/)
    })

    it('quotes the scheduler where it refuses the job', async () => {
      const config = site.write('refused', (all) => {
        const [profile] = all.profiles as { options: object }[]
        Object.assign(profile?.options ?? {}, { partition: 'bacth' })
      })
      const run = await doctor(config, '--as=alice')
      assert.match(
        linesOf(run, 'job-submit').join(),
        /^problem: the scheduler refuses a small job of alice .*small: .*invalid partition/i,
      )
      assert.deepEqual(linesOf(run, 'job-visible'), [])
    })

    it('tells commands that are not there, and a scheduler that does not answer', async () => {
      const config = site.write('commands', (all) => {
        Object.assign((all.clusters as { larch: object }).larch, { settings: { commandDirectory: '/opt/nowhere' } })
      })
      const run = await doctor(config, '--as=alice')
      assert.match(linesOf(run, 'commands').join(), /not found: sbatch, scancel, squeue/)
      assert.match(linesOf(run, 'scheduler').join(), /^problem: does not list its jobs/)
      assert.deepEqual(linesOf(run, 'job-submit'), ['skipped: no job was submitted (the scheduler does not answer)'])
      // A controller that is not there: Slurm's own words.
      const conf = join(folder, 'slurm.conf')
      const text = readFileSync('/etc/slurm/slurm.conf', 'utf8')
      writeFileSync(
        conf,
        text.replace(/^SlurmctldPort=.*$/m, 'SlurmctldPort=17899').replace(/^MessageTimeout=.*$/m, 'MessageTimeout=2'),
      )
      const away = await runDoctor([`--config=${site.configFile}`, '--json', '--as=alice'], {
        environment: { SLURM_CONF: conf },
      })
      assert.match(
        linesOf(away, 'scheduler').join(),
        /^problem: does not list its jobs: .*(contact slurm controller|refused|socket)/i,
      )
    })

    it('tells a home that is missing or closed, by a job without a log', async () => {
      const [uid, gid] = ['-u', '-g'].map((option) => execFileSync('id', [option, person], { encoding: 'utf8' }).trim())
      renameSync(home, `${home}.away`)
      try {
        const run = await doctor(site.configFile, `--as=${person}`)
        assert.equal(run.code, 1)
        assert.match(
          linesOf(run, 'job-home').join(),
          new RegExp(`^problem: the home of ${person}, ${home}, on \\S+ is not there`),
        )
        // The rest was told all the same.
        assert.match(linesOf(run, 'job-hub').join(), /^ok: /)
      } finally {
        renameSync(`${home}.away`, home)
      }
      execFileSync('chown', ['root:root', home])
      try {
        const run = await doctor(site.configFile, `--as=${person}`)
        assert.match(linesOf(run, 'job-home').join(), /^problem: .* cannot be written/)
      } finally {
        execFileSync('chown', [`${uid}:${gid}`, home])
      }
      assert.match(linesOf(await doctor(site.configFile, `--as=${person}`), 'job-home').join(), /^ok: /)
    })

    it('tells an application, a module and an agent that the node does not have', async () => {
      const config = site.write('node', (all) => {
        all.applications = {
          shell: { kind: 'command', title: 'Shell', command: ['/opt/nowhere/server', '{port}'] },
          lab: { kind: 'jupyterhub-singleuser', modules: ['jupyter/4'] },
        }
        const [profile] = all.profiles as object[]
        all.profiles = [profile, { ...profile, key: 'lab', application: 'lab' }]
        Object.assign((all.clusters as { larch: object }).larch, { agent: join(folder, 'empty') })
      })
      const run = await doctor(config, '--as=alice')
      assert.match(linesOf(run, 'job-applications').join('\n'), /^problem: shell: its command is not found/m)
      assert.match(linesOf(run, 'job-applications').join('\n'), /^problem: lab: the module jupyter\/4 does not load/m)
      // The nodes have the command all the same: it is the module that is missing.
      assert.match(linesOf(run, 'job-environment').join(), /^ok: the command module is there/)
      assert.match(linesOf(run, 'agent').join(), /^problem: there is no agent in /)
      assert.match(linesOf(run, 'job-runtime').join(), /^skipped: no agent is installed yet/)
      // Asked by bash, since there is no runtime.
      assert.match(linesOf(run, 'job-hub').join(), /^ok: /)
    })

    it('tells secrets and folders that others can read, without a word of the secret', async () => {
      const secret = 'a'.repeat(64)
      const state = join(folder, 'state')
      mkdirSync(state, { mode: 0o755 })
      writeFileSync(join(state, 'hub.key'), `${secret}\n`, { mode: 0o644 })
      writeFileSync(join(state, 'proxy.token'), 'short\n', { mode: 0o600 })
      execFileSync('chown', ['-R', 'batchway:', state])
      const config = site.write('secrets', (all) => {
        all.stateDirectory = state
        all.database = 'postgres://hub:canary-password@127.0.0.1:9/batchway'
      })
      const run = await doctor(config, '--no-job')
      assert.match(linesOf(run, 'state-directory').join(), /^problem: .* has mode 755/)
      assert.match(linesOf(run, 'secrets').join('\n'), /^problem: .*hub\.key has mode 644/m)
      assert.match(linesOf(run, 'secrets').join('\n'), /^problem: .*proxy\.token does not hold a secret/m)
      assert.match(linesOf(run, 'database').join(), /^problem: PostgreSQL does not open/)
      assert.doesNotMatch(run.stdout + run.stderr, /aaaaaaaa|canary-password/)
    })

    it('cleans up when it is interrupted while it submits its job', async () => {
      let sent = false
      const run = await runDoctor([`--config=${site.configFile}`, '--as=alice'], {
        onOutput(text, pid) {
          if (sent || !text.includes('submits a job')) return
          sent = true
          process.kill(pid, 'SIGINT')
        },
      })
      assert.ok(sent)
      assert.equal(run.code, 1)
      assert.match(run.stdout, /stopping; what was begun is cleaned up/)
      assert.match(run.stdout, /\n\nInterrupted\. \d+ ok/)
      await until('its job is gone', () => jobsLeft('d2').length === 0, 120_000)
    })
  })
})
