import type { Liquid } from 'liquidjs'
import { duration, memory, ringDash, type TimeWords, took } from './format.ts'

/** What every template may use, ours and a site’s; and `raw` gone from both, as a filter and as a tag. */
export function addFilters(engine: Liquid, times: TimeWords): void {
  // Data never needs it, and a template that uses it must fail instead of opening a hole.
  engine.registerFilter('raw', () => {
    throw new Error('the filter "raw" is not allowed in templates')
  })
  engine.registerTag('raw', {
    parse() {
      throw new Error('the tag "raw" is not allowed in templates')
    },
    render() {},
  })
  engine.registerFilter('duration', duration)
  engine.registerFilter('took', took)
  engine.registerFilter('memory', memory)
  engine.registerFilter('ring', ringDash)
  engine.registerFilter('iso', (at: number) => new Date(at).toISOString())
  engine.registerFilter('clock', times.clock)
  engine.registerFilter('clock_seconds', times.clockSeconds)
  engine.registerFilter('clock_zone', (at: number) => `${times.clock(at)} ${times.zone(at)}`)
  engine.registerFilter('full_time', times.full)
}
