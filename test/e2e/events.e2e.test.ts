/** The real command and a real rsyslog: a session is told from click to end without its secrets, and a log server that hangs stops nobody. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openPrivateRsyslog, type PrivateRsyslog } from '../../packages/batchway/src/app/testing/private-rsyslog.ts'
import { liveSession } from './support/live-secrets.ts'
import { openStubSite, type StubSite } from './support/stub-site.ts'
import { until } from './support/until.ts'

type Line = Readonly<Record<string, unknown>>
const limitMs = 120_000
/** How long the log server hangs at least: longer by hand than in each run. */
const silenceMs = Number(process.env.BATCHWAY_TEST_LOG_SILENCE ?? 0) * 1000

describe('events of a running site', () => {
  let rsyslog: PrivateRsyslog
  let stub: StubSite
  const file = () => join(stub.site.stateDirectory, 'events.jsonl')
  const linesOf = (path: string): readonly Line[] =>
    (existsSync(path) ? readFileSync(path, 'utf8') : '')
      .split('\n')
      .slice(0, -1)
      .map((text) => JSON.parse(text))
  const received = (): readonly Line[] => rsyslog.received().map(({ text }) => JSON.parse(text))
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${stub.site.url}hub/metrics`)).text()
    return Number(new RegExp(`^${name}\\{sink="syslog [^"]*"\\} (\\d+)$`, 'm').exec(text)?.[1])
  }

  before(async () => {
    rsyslog = await openPrivateRsyslog()
    // The hub is another account.
    chmodSync(rsyslog.folder, 0o755)
    stub = await openStubSite({
      instance: 'sa',
      change: (config) =>
        Object.assign(config, {
          metrics: { anonymous: true },
          events: {
            to: [
              { type: 'file', path: join(String(config.stateDirectory), 'events.jsonl') },
              { type: 'syslog', socket: rsyslog.socket('local'), queue: 100 },
            ],
          },
        }),
    })
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
    await rsyslog?.[Symbol.asyncDispose]()
  })

  it('are those of a session from click to end, correlated, and hold none of its secrets', async () => {
    await stub.request('alice', 'told', 'here')
    const session = await stub.untilState('alice', 'told', 'ready', limitMs)
    const live = liveSession(stub.site, 'alice', 'told')
    await stub.stop(session)
    await stub.untilState('alice', 'told', 'ended', limitMs)
    const own = (lines: readonly Line[]) => lines.filter((line) => line.session === session.id)
    for (const lines of [() => linesOf(file()), received]) {
      await until('the end', () => own(lines()).some(({ event }) => event === 'session.ended'), limitMs)
      const names = own(lines()).map(({ event }) => event)
      for (const name of ['requested', 'queued', 'started', 'ready', 'stopping', 'ended'])
        assert.equal(names.filter((each) => each === `session.${name}`).length, 1, `${name} of ${names}`)
    }
    const [requested] = own(linesOf(file()))
    assert.match(String(requested?.request), /^[0-9a-f]{16}$/)
    const caused = linesOf(file()).filter(({ request }) => request === requested?.request)
    assert.ok(caused.some(({ event, actor }) => event === 'audit.session-start' && actor === 'alice'))

    const all = readFileSync(file(), 'utf8') + rsyslog.received().map(({ text }) => text)
    const secrets = [live.attemptSecret, live.claimToken, live.apiToken, live.appToken, live.psk.key]
    for (const secret of secrets) assert.ok(secret.length > 16 && !all.includes(secret))
    // The control: what is meant to be there is found by the same look.
    assert.ok(all.includes(live.id))
  })

  it('wait for a log server that hangs, and the hub does not: it answers, and reports what it dropped', async () => {
    // Each is two events: the refusal, and its entry in the audit log.
    const refuse = () => stub.request('alice', 'refused', 'no-such-profile')
    process.kill(rsyslog.pid(), 'SIGSTOP')
    const stoppedAt = Date.now()
    try {
      await until(
        'events are dropped',
        async () => {
          const answers = await Promise.all(Array.from({ length: 100 }, refuse))
          assert.deepEqual([...new Set(answers.map((answer) => answer?.status))], [422])
          return (await metric('batchway_events_dropped_total')) > 0 && Date.now() - stoppedAt >= silenceMs
        },
        limitMs,
      )
      assert.equal((await fetch(`${stub.site.url}hub/ready`)).status, 200)
      await stub.request('alice', 'meanwhile', 'here')
      const session = await stub.untilState('alice', 'meanwhile', 'ready', limitMs)
      await stub.stop(session)
      await stub.untilState('alice', 'meanwhile', 'ended', limitMs)
    } finally {
      process.kill(rsyslog.pid(), 'SIGCONT')
    }
    const gap = await until(
      'the gap is told',
      () => received().find(({ event }) => event === 'events.dropped'),
      limitMs,
    )
    assert.ok(Number(gap.count) > 0)
    await until('the queue is empty', async () => (await metric('batchway_events_queued')) === 0, limitMs)
    const [told, counted] = [
      () =>
        received()
          .filter(({ event }) => event === 'events.dropped')
          .reduce((sum, { count }) => sum + Number(count), 0),
      () => metric('batchway_events_dropped_total'),
    ]
    await until('as many are told as are counted', async () => told() === (await counted()), limitMs)
    // What rsyslog missed, the file has.
    const written = linesOf(file()).filter(({ event }) =>
      /^(session\.refused|audit\.session-start)$/.test(String(event)),
    )
    assert.ok(written.length >= (await counted()))
  })

  it('go on in a new file after a rotation and SIGHUP, which does not end the hub', async () => {
    const pid = stub.site.pidOf('hub')
    renameSync(file(), `${file()}.1`)
    process.kill(pid, 'SIGHUP')
    await until(
      'an event in the new file',
      async () => {
        await fetch(`${stub.site.url}hub/api/users`, { method: 'POST', body: '{}' })
        return linesOf(file()).length > 0
      },
      limitMs,
    )
    assert.equal(stub.site.pidOf('hub'), pid)
  })
})
