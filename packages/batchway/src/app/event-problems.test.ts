import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from '../core/config-error.ts'
import type { SinkConfig } from '../core/events-config.ts'
import { parseConfig } from '../core/parse-config.ts'
import { eventProblems } from './event-problems.ts'
import { sinkName, wantsOf } from './open-sinks.ts'

const site = {
  stateDirectory: '/var/lib/batchway',
  clusters: { main: { driver: 'slurm' } },
  applications: { lab: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'small', title: 'Small', cluster: 'main', application: 'lab' }],
}
const parse = (to: unknown) =>
  parseConfig({ ...site, events: { to } }, 'batchway.yaml', (parts) => eventProblems(parts, [], [])).events.to

describe('where events go', () => {
  it('needs little to be said', () =>
    assert.deepEqual(parse([{ type: 'syslog' }]), [
      {
        type: 'syslog',
        socket: '/dev/log',
        header: 'bsd',
        logger: '/usr/bin/logger',
        facility: 'local0',
        appName: 'batchway',
        format: 'json',
        queue: 10_000,
      },
    ]))

  for (const [to, words] of [
    [[{ type: 'file' }], /events\.to\[0\]\.path.*is missing/s],
    [[{ type: 'file', path: 'events.log' }], /events\.to\[0\]\.path.*absolute path/s],
    [[{ type: 'syslog', host: 'loghost' }], /host/],
    [[{ type: 'syslog-tls', host: 'l', certificateFile: '/c' }], /keyFile.*belongs to certificateFile/s],
    [[{ type: 'syslog-tcp', host: 'a b' }], /write a host name/],
    [[{ type: 'stdout', queue: 1 }], /queue/],
    [[{ type: 'stdout', format: 'xml' }], /format/],
    [[{ type: 'stdout', only: ['session.endet'] }], /only\[0\].*did you mean "session\.ended"/s],
    [[{ type: 'stdout', only: ['sesion.*'] }], /did you mean "session\.\*"/],
    [[{ type: 'stdout', only: ['Session'] }], /write the name of an event/],
    [[{ type: 'stdout' }, { type: 'stdout', format: 'key-value' }], /events\.to\[1\].*same place/s],
    [[{ type: 'journald' }], /events\.to\[0\]/],
  ] as const)
    it(`refuses ${JSON.stringify(to)}`, () =>
      assert.throws(
        () => parse(to),
        (error: unknown) => error instanceof ConfigError && words.test(error.message),
      ))

  it('is named by what it is and where it leads', () => {
    const names = parse([
      { type: 'stdout' },
      { type: 'file', path: '/var/log/e' },
      { type: 'syslog-tls', host: '::1' },
    ] satisfies Partial<SinkConfig>[]).map(sinkName)
    assert.deepEqual(names, ['stdout', 'file /var/log/e', 'syslog-tls [::1]:6514'])
  })

  it('takes what it asks for, and is always told what it missed', () => {
    const wants = wantsOf(['session.*', 'audit.sign-in'])
    assert.deepEqual(
      (['session.ready', 'audit.sign-in', 'audit.sign-out', 'hub.started', 'events.dropped'] as const).map(wants),
      [true, true, false, false, true],
    )
    for (const all of [undefined, ['*']]) assert.equal(wantsOf(all)('hub.started'), true)
  })
})
