/** What becomes of events, by the sink they go to. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { OutboxStats } from '../events/outbox.ts'

/** What the sinks count themselves since the hub came up is copied when somebody asks. @returns what copies. */
export function lookAtEvents(registry: Registry, stats: () => readonly OutboxStats[]): () => void {
  const parts = { labelNames: ['sink'], registers: [registry] }
  const written = new Counter({ name: 'batchway_events_written_total', help: 'Events handed to a sink', ...parts })
  const dropped = new Counter({
    name: 'batchway_events_dropped_total',
    help: 'Events that a sink did not take: its queue was full, or it lost them',
    ...parts,
  })
  const queued = new Gauge({ name: 'batchway_events_queued', help: 'Events that wait for a sink', ...parts })
  const up = new Gauge({
    name: 'batchway_events_sink_up',
    help: 'Whether a sink took what it was given last',
    ...parts,
  })
  return () => {
    for (const each of [written, dropped]) each.reset()
    for (const { name: sink, ...found } of stats()) {
      written.inc({ sink }, found.written)
      dropped.inc({ sink }, found.dropped)
      queued.set({ sink }, found.queued)
      up.set({ sink }, found.isUp ? 1 : 0)
    }
  }
}
