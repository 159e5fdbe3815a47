import { fileURLToPath } from 'node:url'
import { Liquid } from 'liquidjs'
import { duration, memory, ringDash, type TimeWords, took } from './format.ts'

export interface TemplateSettings {
  /** Folders of the site, searched first: a file there replaces ours of the same name. */
  readonly folders: readonly string[]
  /** An unknown variable is an error. On in development and tests; a site's template must not take a page down. */
  readonly isStrict: boolean
  readonly times: TimeWords
}

const ownTemplates = fileURLToPath(new URL('./templates/', import.meta.url))

/**
 * The one place that makes a template engine: every output is escaped, prototypes are hidden, `raw` does not exist.
 */
export function createLiquid({ folders, isStrict, times }: TemplateSettings): Liquid {
  const engine = new Liquid({
    root: [...folders, ownTemplates],
    extname: '.liquid',
    outputEscape: 'escape',
    strictVariables: isStrict,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    // Sites edit their templates while the hub runs in development only.
    cache: !isStrict,
  })
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
  return engine
}
