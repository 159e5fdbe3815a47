/** From the configuration's words to the sinks of events. */
import { hostname } from 'node:os'
import type { SinkConfig } from '../core/events-config.ts'
import type { EventName } from '../events/event-table.ts'
import type { Sink } from '../events/events.ts'
import type { OpenOutlet } from '../events/outlet.ts'
import { openFile } from '../events/outlets/file.ts'
import { openDescriptor } from '../events/outlets/stdout.ts'
import { openLocal } from '../events/outlets/syslog-local.ts'
import { openStream } from '../events/outlets/syslog-stream.ts'
import { openUdp } from '../events/outlets/syslog-udp.ts'
import type { SyslogHeader } from '../events/syslog-frame.ts'

/** For logs and metrics: what it is, and where it leads. */
export function sinkName(sink: SinkConfig): string {
  switch (sink.type) {
    case 'stdout':
      return sink.type
    case 'file':
      return `${sink.type} ${sink.path}`
    case 'syslog':
    case 'syslog-unix':
      return `${sink.type} ${sink.socket}`
    default:
      return `${sink.type} ${sink.host.includes(':') ? `[${sink.host}]` : sink.host}:${sink.port}`
  }
}

/** `session.*` and names; all without a list. */
export function wantsOf(only: readonly string[] | undefined): (name: EventName) => boolean {
  if (only === undefined || only.includes('*')) return () => true
  const names = new Set(only)
  return (name) => names.has(name) || names.has(`${name.slice(0, name.indexOf('.'))}.*`) || name === 'events.dropped'
}

function outletOf(sink: SinkConfig, pid: number, onLost: (count: number) => void): OpenOutlet {
  if (sink.type === 'stdout') return openDescriptor({ descriptor: 1, format: sink.format })
  if (sink.type === 'file') return openFile(sink)
  const { facility, appName, format } = sink
  const header: SyslogHeader = { facility, appName, host: hostname(), pid }
  switch (sink.type) {
    case 'syslog':
      return openLocal(
        { socket: sink.socket, header: sink.header, facility, appName, pid, program: sink.logger },
        format,
        onLost,
      )
    case 'syslog-unix':
      return openStream({ by: 'unix', path: sink.socket }, header, format)
    case 'syslog-udp':
      return openUdp(sink, header, format)
    case 'syslog-tcp':
      return openStream({ by: 'tcp', host: sink.host, port: sink.port }, header, format)
    case 'syslog-tls':
      return openStream({ by: 'tls', ...sink }, header, format)
  }
}

/** @param pid the hub's. */
export const toSinks = (all: readonly SinkConfig[], pid: number): readonly Sink[] =>
  all.map((sink) => {
    let lost = 0
    return {
      name: sinkName(sink),
      wants: wantsOf(sink.only),
      limit: sink.queue,
      lost: () => lost,
      open: outletOf(sink, pid, (count) => {
        lost += count
      }),
    }
  })
