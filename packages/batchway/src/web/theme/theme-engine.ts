/**
 * The engine that a theme's templates run in. It is not ours: it knows no file system, no data but what is handed to it for one
 * template, and none of the tags by which ours reach each other.
 */
import { type Context, type Emitter, Liquid, type Template } from 'liquidjs'
import { addFilters } from '../filters.ts'
import type { TimeWords } from '../format.ts'
import { defaultMark, tokenMark } from './check-html.ts'
import { addSayTag, type SayText } from './say-tag.ts'

export interface ThemeLimits {
  /** Milliseconds for one template on one page. */
  readonly renderMs: number
  /** Of what liquidjs counts: items of ranges and lists, characters that filters make. */
  readonly memory: number
  /** Characters of what one template prints. */
  readonly output: number
}
export const usualLimits: ThemeLimits = { renderMs: 200, memory: 200_000, output: 262_144 }

export interface ThemeEngine {
  /** @throws {Error} with words of the engine. */
  parse(source: string, path: string): Template[]
  /**
   * Text with marks where a form's token and the default shall be.
   * @throws {Error} for what the engine refuses, an unknown variable where `isStrict`, and beyond the limits.
   */
  render(templates: Template[], data: object, isStrict?: boolean): string
  /** Names that a template reads from outside of itself. */
  variables(templates: Template[]): readonly (readonly unknown[])[]
}

const mark = (text: string): { render(context: Context, emitter: Emitter): void } => ({
  render: (_context, emitter) => emitter.write(text),
})

/** @param partials what `render` finds by name, beside nothing else: `parts/NAME` → source. */
export function createThemeEngine(
  partials: ReadonlyMap<string, string>,
  times: TimeWords,
  say: SayText,
  fileAddress: (name: string) => string,
  limits: ThemeLimits = usualLimits,
): ThemeEngine {
  const engine = new Liquid({
    templates: Object.fromEntries(partials),
    extname: '.liquid',
    relativeReference: false,
    outputEscape: 'escape',
    strictVariables: false,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    parseLimit: 200_000,
    memoryLimit: limits.memory,
    renderLimit: limits.renderMs,
  })
  addFilters(engine, times)
  engine.registerFilter('theme_file', (name: unknown) => fileAddress(String(name)))
  for (const name of ['layout', 'block', 'include'])
    engine.registerTag(name, {
      parse() {
        throw new Error(`the tag "${name}" is not for themes: use {% render 'parts/NAME' %} and {% default %}`)
      },
      render() {},
    })
  engine.registerTag('form_token', mark(tokenMark))
  engine.registerTag('default', mark(defaultMark))
  addSayTag(engine, () => say)
  return {
    parse: (source, path) => engine.parse(source, path),
    render(templates, data, isStrict = false) {
      const text: unknown = engine.renderSync(templates, data, { strictVariables: isStrict, globals: data })
      if (typeof text !== 'string') throw new Error('it prints no text')
      if (text.length > limits.output) throw new Error(`it prints more than ${limits.output} characters`)
      return text
    },
    variables: (templates) => engine.globalVariableSegmentsSync(templates, { partials: false }),
  }
}
