import { Liquid } from 'liquidjs'
import { addFilters } from './filters.ts'
import type { TimeWords } from './format.ts'
import { ownTemplates } from './theme/defaults.ts'
import { addThemeTags, textsOf } from './theme/page-theme.ts'
import { addSayTag } from './theme/say-tag.ts'

export interface TemplateSettings {
  /** An unknown variable is an error. On in development and tests; a slip of ours must not take a page down. */
  readonly isStrict: boolean
  readonly times: TimeWords
}

/**
 * The one place that makes the engine of our templates: every output is escaped, prototypes are hidden, `raw` does not exist.
 * What a site's theme brings runs in an engine of its own (`theme/theme-engine.ts`).
 */
export function createLiquid({ isStrict, times }: TemplateSettings): Liquid {
  const engine = new Liquid({
    root: ownTemplates,
    extname: '.liquid',
    outputEscape: 'escape',
    strictVariables: isStrict,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    // Ours are edited while the hub runs in development only.
    cache: !isStrict,
  })
  addFilters(engine, times)
  addThemeTags(engine)
  addSayTag(engine, textsOf)
  return engine
}
