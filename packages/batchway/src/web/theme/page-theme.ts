/** A theme on one page: what stands in the place of each opening. */
import {
  type Context,
  type Emitter,
  type Liquid,
  Tag,
  type TagToken,
  type Template,
  type TopLevelToken,
} from 'liquidjs'
import { defaultMark, htmlProblems, tokenMark } from './check-html.ts'
import { inWords, type Theme } from './compile-theme.ts'
import { isOpening, type OpeningName, variablesOf } from './openings.ts'
import { ownWords, type SayText } from './say-tag.ts'
import { type Pick, picker } from './variables.ts'

export interface PageTheme {
  readonly theme: Theme
  /** Form token of this visitor. */
  readonly xsrf: string
  /** This opening could not be filled on this page: ours is shown. */
  failed(name: OpeningName, words: string): void
  /** Is it given up until its file changes? */
  isOff(name: OpeningName): boolean
}

/** Beside the data of a page, where no template reaches it. Partials get the same `globals`, by reference. */
const themes = new WeakMap<object, PageTheme>()

/** @param globals what every template of this page sees. */
export function withTheme<Globals extends object>(globals: Globals, theme: PageTheme): Globals {
  themes.set(globals, theme)
  return globals
}

export const textsOf = (context: Context): SayText => themes.get(context.globals)?.theme.say ?? ownWords

const picks = new Map<OpeningName, Pick>()
function pickOf(name: OpeningName): Pick {
  const made = picks.get(name) ?? picker(variablesOf(name))
  picks.set(name, made)
  return made
}

const marks = /[\u{f0000}\u{f0001}]/gu
/** Our marks are no text that anybody could bring along. */
function withoutMarks(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(marks, '')
  if (Array.isArray(value)) return value.map(withoutMarks)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutMarks(inner)]))
}

/** @returns checked text with marks; null where the default shall be shown. */
function overrideOf(name: OpeningName, context: Context): string | null {
  const page = themes.get(context.globals)
  const templates = page?.theme.overrides.get(name)
  if (page === undefined || templates === undefined || page.theme.engine === null || page.isOff(name)) return null
  try {
    const data = withoutMarks(pickOf(name)(context.getAll()))
    const text = page.theme.engine.render(templates, data as object)
    const wrong = htmlProblems(text)[0]
    if (wrong === undefined) return text
    page.failed(name, wrong.words)
  } catch (error) {
    page.failed(name, inWords(error).words)
  }
  return null
}

const tokenField = (xsrf: string): string => `<input type="hidden" name="_xsrf" value="${xsrf}">`

function tokenOf(context: Context): string {
  const xsrf = themes.get(context.globals)?.xsrf
  if (xsrf === undefined) throw new Error('this page has no form token')
  return tokenField(xsrf.replace(/[^A-Za-z0-9_.:=|-]/g, ''))
}

/** `{% themed 'NAME' %}our default{% endthemed %}` and `{% form_token %}`, for our own templates. */
export function addThemeTags(engine: Liquid): void {
  engine.registerTag('form_token', {
    render: (context: Context, emitter: Emitter): void => emitter.write(tokenOf(context)),
  })
  engine.registerTag(
    'themed',
    class extends Tag {
      readonly #name: OpeningName
      readonly #templates: Template[] = []
      constructor(
        token: TagToken,
        remain: TopLevelToken[],
        liquid: Liquid,
        parser: { parseToken(token: TopLevelToken, remain: TopLevelToken[]): Template },
      ) {
        super(token, remain, liquid)
        const name = /^'([a-z-]+)'$/.exec(token.args.trim())?.[1] ?? ''
        if (!isOpening(name)) throw new Error(`"${token.args}" is not in the list of openings`)
        this.#name = name
        for (;;) {
          const next = remain.shift()
          if (next === undefined) throw new Error(`tag ${token.getText()} not closed`)
          if ('name' in next && next.name === 'endthemed') return
          this.#templates.push(parser.parseToken(next, remain))
        }
      }
      override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
        const { renderer } = this.liquid
        const text = overrideOf(this.#name, context)
        if (text === null) {
          yield renderer.renderTemplates(this.#templates, context, emitter)
          return
        }
        const filled = text.includes(tokenMark) ? text.replaceAll(tokenMark, () => tokenOf(context)) : text
        const pieces = filled.split(defaultMark)
        for (const [index, piece] of pieces.entries()) {
          if (index > 0) yield renderer.renderTemplates(this.#templates, context, emitter)
          emitter.write(piece)
        }
      }
    },
  )
}
