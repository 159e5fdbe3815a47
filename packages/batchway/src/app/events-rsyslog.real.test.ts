/** Events and a real rsyslog: every way in, none lost at a thousand a second; and one that is stopped, or away, while events go on. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { SinkConfig } from '../core/events-config.ts'
import { silentLogger } from '../core/logger.ts'
import { openEvents } from '../events/events.ts'
import { parseKeyValue } from '../events/parse-key-value.ts'
import { toSinks } from './open-sinks.ts'
import { openPrivateRsyslog, type PrivateRsyslog, type Received } from './testing/private-rsyslog.ts'

const ways = ['local', 'rfc', 'stream', 'udp', 'tcp', 'tls'] as const
type Way = (typeof ways)[number]

function sinkOf(rsyslog: PrivateRsyslog, way: Way, queue: number): SinkConfig {
  const common = { appName: way, queue, facility: 'local3' as const, format: 'json' as const }
  const { port } = rsyslog
  switch (way) {
    case 'local':
    case 'rfc': {
      const header = way === 'rfc' ? 'rfc5424' : 'bsd'
      return { type: 'syslog', socket: rsyslog.socket(way), header, logger: '/usr/bin/logger', ...common }
    }
    case 'stream':
      return { type: 'syslog-unix', socket: rsyslog.socket('stream'), ...common, format: 'key-value' }
    case 'udp':
      return { type: 'syslog-udp', host: '127.0.0.1', port: port.udp, ...common }
    case 'tcp':
      return { type: 'syslog-tcp', host: '127.0.0.1', port: port.tcp, ...common, format: 'key-value' }
    case 'tls':
      return {
        type: 'syslog-tls',
        host: '127.0.0.1',
        serverName: 'localhost',
        port: port.tls,
        caFile: rsyslog.caFile,
        ...common,
      }
  }
}

const openTo = (rsyslog: PrivateRsyslog, chosen: readonly Way[], queue: number) =>
  openEvents({
    sinks: toSinks(
      chosen.map((way) => sinkOf(rsyslog, way, queue)),
      process.pid,
    ),
    instance: '00',
    request: () => 'r1',
    log: silentLogger,
    now: Date.now,
  })

async function until<T>(what: string, find: () => T | null): Promise<T> {
  for (const end = Date.now() + 120_000; Date.now() < end; await delay(50)) {
    const found = find()
    if (found !== null) return found
  }
  return assert.fail(`${what} did not come`)
}

/** The fields of a line, whichever way it was written, as text. */
function fieldsOf({ text }: Received): ReadonlyMap<string, string> {
  if (text.startsWith('{'))
    return new Map(Object.entries(JSON.parse(text)).map(([name, value]) => [name, String(value)]))
  return parseKeyValue(text) ?? assert.fail(`no line of ours: ${text}`)
}

const hostile = 'Grüße, "quoted" \\ <134>1 - %s $!x {"event":"hub.started"}'
const numbersOf = (rows: readonly Received[]): readonly number[] =>
  rows
    .map(fieldsOf)
    .filter((fields) => fields.get('event') === 'session.refused')
    .map((fields) => Number(fields.get('server')))
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe('events in a real rsyslog', () => {
  it('arrive by every way, each once, in order and to the letter, at a thousand a second', async () => {
    await using rsyslog = await openPrivateRsyslog()
    const count = 3_000
    {
      await using events = openTo(rsyslog, ways, 10_000)
      for (let number = 1; number <= count; number += 1) {
        events.emit('session.refused', { user: 'ümit', server: String(number), code: 'x', words: hostile })
        if (number % 50 === 0) await delay(50)
      }
      await until('every event', () => (rsyslog.received().length >= count * ways.length ? true : null))
      for (const stats of events.stats())
        assert.deepEqual(stats, { name: stats.name, written: count, dropped: 0, queued: 0, isUp: true })
    }
    const received = rsyslog.received()
    assert.equal(received.length, count * ways.length)
    for (const way of ways) {
      const rows = received.filter(({ program }) => program === way)
      assert.deepEqual(numbersOf(rows), range(count), way)
      for (const row of rows) {
        const fields = fieldsOf(row)
        assert.deepEqual([fields.get('user'), fields.get('words'), fields.get('request')], ['ümit', hostile, 'r1'], way)
        assert.equal(row.severity, 'warning')
        // Written by `logger` there is one name for all.
        assert.equal(row.messageId, way === 'local' || way === 'rfc' ? '-' : 'session.refused', way)
      }
    }
  })

  it('never wait for one that is stopped: what does not fit is counted, and told when it goes on', async () => {
    await using rsyslog = await openPrivateRsyslog()
    const chosen: readonly Way[] = ['local', 'stream', 'tcp', 'tls']
    await using events = openTo(rsyslog, chosen, 1_000)
    const emit = (number: number): void =>
      events.emit('session.refused', { user: 'alice', server: String(number), code: 'x', words: 'y'.repeat(500) })
    emit(1)
    await until('the first', () => (rsyslog.received().length === chosen.length ? true : null))

    process.kill(rsyslog.pid(), 'SIGSTOP')
    let number = 1
    // Whatever the buffers of the system hold, they are full at some time.
    for (const end = Date.now() + 120_000; events.stats().some(({ dropped }) => dropped < 100); await delay(1)) {
      assert.ok(Date.now() < end, `${JSON.stringify(events.stats())} after ${number}`)
      for (const last = number + 200; number < last; ) emit(++number)
    }
    process.kill(rsyslog.pid(), 'SIGCONT')

    await until('the end of all queues', () => (events.stats().every(({ queued }) => queued === 0) ? true : null))
    const handed = events.stats().reduce((sum, { written }) => sum + written, 0)
    await until('what was handed over', () => (rsyslog.received().length >= handed ? true : null))
    for (const [index, way] of chosen.entries()) {
      const rows = rsyslog.received().filter(({ program }) => program === way)
      const gaps = rows.map(fieldsOf).filter((fields) => fields.get('event') === 'events.dropped')
      const missing = gaps.reduce((sum, fields) => sum + Number(fields.get('count')), 0)
      const numbers = numbersOf(rows)
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
        `${way}: once each, in order`,
      )
      assert.equal(numbers.length + missing, number, `${way}: told or counted`)
      assert.equal(events.stats()[index]?.dropped, missing, way)
    }
  })

  it('find one that was started again', async () => {
    await using rsyslog = await openPrivateRsyslog()
    await using events = openTo(rsyslog, ways, 1_000)
    const emit = (number: number): void =>
      events.emit('session.refused', { user: 'alice', server: String(number), code: 'x', words: null })
    emit(1)
    await until('the first', () => (rsyslog.received().length === ways.length ? true : null))
    await rsyslog.stop()
    // Some of these are lost: who is away takes nothing, and only with the next one some ways hear of it.
    for (let number = 2; number <= 20; number += 1) {
      emit(number)
      await delay(10)
    }
    await rsyslog.start()
    for (const way of ways) {
      let number = 1_000
      await until(`an event by ${way}`, () => {
        emit(++number)
        const rows = rsyslog.received().filter(({ program }) => program === way)
        return numbersOf(rows).some((found) => found > 1_000) ? true : null
      })
    }
  })

  it('are not told by TLS to one whose certificate is of somebody else', async () => {
    await using rsyslog = await openPrivateRsyslog()
    const sink = sinkOf(rsyslog, 'tls', 100)
    assert.equal(sink.type, 'syslog-tls')
    const strangers: readonly SinkConfig[] = [
      { ...sink, serverName: 'loghost.example.edu' },
      { ...sink, serverName: 'localhost', caFile: undefined, appName: 'other' },
    ]
    const parts = { instance: '00', request: () => null, log: silentLogger, now: Date.now }
    for (const stranger of strangers) {
      await using events = openEvents({ ...parts, sinks: toSinks([stranger], process.pid) })
      events.emit('hub.stopping', { version: '1' })
      await until('a failure', () => (events.stats().every(({ isUp }) => !isUp) ? true : null))
    }
    assert.deepEqual(rsyslog.received(), [])
    // The control: the same event, with the name and the authority that are right.
    await using events = openEvents({ ...parts, sinks: toSinks([sink], process.pid) })
    events.emit('hub.stopping', { version: '1' })
    await until('the event', () => (rsyslog.received().length === 1 ? true : null))
  })
})
