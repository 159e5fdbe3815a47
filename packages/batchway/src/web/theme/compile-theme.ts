/** From the files of a theme to what pages use of it, and to what is wrong with it. No file is read here. */
import { createHash } from 'node:crypto'
import type { Template } from 'liquidjs'
import { closest } from '../../core/config-error.ts'
import type { TimeWords } from '../format.ts'
import type { StaticFile } from '../static-files.ts'
import { defaultMark, htmlProblems, tokenMark } from './check-html.ts'
import { basedOn, type Default } from './defaults.ts'
import { type MessageKey, messages } from './messages.ts'
import { fileOf, isOpening, type OpeningName, openingNames, openingOf, variablesOf } from './openings.ts'
import { styleSheet } from './palette.ts'
import { judgePicture } from './pictures.ts'
import type { FolderFile, FolderProblem } from './read-folder.ts'
import type { SayText } from './say-tag.ts'
import { createThemeEngine, type ThemeEngine, type ThemeLimits, usualLimits } from './theme-engine.ts'
import { parseThemeFile, shapeLines, type ThemeFile } from './theme-file.ts'
import { sampleOf, unknownAt } from './variables.ts'

export interface ThemeProblem {
  readonly file: string
  /** From 1; null where it is about the whole file. */
  readonly line: number | null
  readonly words: string
  /** Shown all the same: it fits, but its default has changed since. */
  readonly isStale: boolean
}

export interface Theme {
  readonly file: ThemeFile
  readonly say: SayText
  /** By the name under which they are served. */
  readonly statics: ReadonlyMap<string, StaticFile>
  readonly overrides: ReadonlyMap<OpeningName, Template[]>
  readonly engine: ThemeEngine | null
  readonly problems: readonly ThemeProblem[]
}

export const plainTheme: Theme = {
  file: parseThemeFile(null).file,
  say: (key) => messages[key].text,
  statics: new Map(),
  overrides: new Map(),
  engine: null,
  problems: [],
}

export interface ThemeParts {
  readonly defaults: ReadonlyMap<OpeningName, Default>
  /** `parts/icon` and other parts of ours that a theme may use but not replace. */
  readonly ownParts: ReadonlyMap<string, string>
  readonly times: TimeWords
  /** Address under which a static file is served. */
  readonly address: (name: string, hash: string) => string
  readonly limits?: ThemeLimits
}

/** Names under which a theme's files are served, beside ours. */
export const servedName = (name: string): string => `theme-${name}`
export const styleName = 'theme.css'

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length

/** The source as HTML, every character in its place: what stands between Liquid's braces is blanked. */
function asHtml(source: string): string {
  const blank = (text: string, lead = ''): string => lead + text.slice(lead.length).replace(/[^\n]/g, ' ')
  return source
    .replace(/\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}/gs, (whole) => blank(whole))
    .replace(/\{\{.*?\}\}/gs, (whole) => blank(whole, '/x'))
    .replace(/\{%.*?%\}/gs, (whole) => blank(whole))
}

const hashOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex').slice(0, 16)

export function compileTheme(
  files: readonly FolderFile[],
  found: readonly FolderProblem[],
  { defaults, ownParts, times, address, limits = usualLimits }: ThemeParts,
): Theme {
  const problems: ThemeProblem[] = found.map(({ path, words }) => ({ file: path, line: null, words, isStale: false }))
  const tell = (file: string, words: string, line: number | null = null): void =>
    void problems.push({ file, line, words, isStale: false })

  const texts = new Map<string, string>()
  const statics = new Map<string, StaticFile>()
  for (const { path, bytes } of files) {
    const [folder, name = ''] = path.split('/')
    if (folder === 'static') {
      const picture = judgePicture(name, bytes)
      const body = new Uint8Array(bytes)
      if (typeof picture === 'string') tell(path, picture)
      else statics.set(servedName(name), { body, type: picture.type, hash: hashOf(body) })
      continue
    }
    try {
      texts.set(path, new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch {
      tell(path, 'is not written in UTF-8')
    }
  }

  const { file, colours, problems: mistakes } = parseThemeFile(texts.get('theme.yaml') ?? null)
  for (const { at, words } of mistakes) tell('theme.yaml', at === '' ? words : `${at}: ${words}`)
  const css = styleSheet(colours, shapeLines(file))
  if (css !== '') {
    const body = new Uint8Array(Buffer.from(css))
    statics.set(styleName, { body, type: 'text/css; charset=utf-8', hash: hashOf(body) })
  }
  const say: SayText = (key: MessageKey) => file.messages[key] ?? messages[key].text
  const fileAddress = (name: string): string => {
    const served = statics.get(servedName(name))
    if (served === undefined) throw new Error(`there is no static/${name} in the theme`)
    return address(servedName(name), served.hash)
  }

  const sources = new Map<OpeningName, string>()
  for (const [path, text] of texts) {
    if (path === 'theme.yaml') continue
    const name = /^(?:blocks|parts)\/(.+)\.liquid$/.exec(path)?.[1] ?? ''
    if (isOpening(name) && fileOf(name) === path) sources.set(name, text)
    else tell(path, whatInstead(name))
  }

  // A broken part must not break the block that uses it: whoever renders it gets ours.
  const parts = new Map(ownParts)
  for (const [name, { source }] of defaults)
    if (openingOf(name).folder === 'parts') parts.set(`parts/${name}.liquid`, source)
  const make = (): ThemeEngine => createThemeEngine(parts, times, say, fileAddress, limits)
  const usable = new Set<OpeningName>()
  for (const folder of ['parts', 'blocks'] as const) {
    const engine = make()
    for (const [name, source] of sources) {
      if (openingOf(name).folder !== folder) continue
      const path = fileOf(name)
      const wrong = judge(name, source, engine)
      for (const { line, words } of wrong) tell(path, words, line)
      if (wrong.length === 0) usable.add(name)
      const base = basedOn(source)
      const now = defaults.get(name)?.version
      if (base !== null && base.name === name && base.version !== now)
        problems.push({
          file: path,
          line: 1,
          words: `our default has changed since this was copied (from ${base.version}, now ${now}): compare it with "batchway theme show ${name}", take over what you need, then write "based on ${name} ${now}"`,
          isStale: true,
        })
    }
    // A part without `default` in it can stand in for ours wherever a theme's own templates use it.
    for (const name of usable) {
      const source = sources.get(name) ?? ''
      if (openingOf(name).folder === 'parts' && !/\{%-?\s*default\s*-?%\}/.test(source))
        parts.set(`parts/${name}.liquid`, source)
    }
  }
  const engine = make()
  const overrides = new Map(
    [...usable].map((name) => [name, engine.parse(sources.get(name) ?? '', fileOf(name))] as const),
  )
  return { file, say, statics, overrides, engine, problems }
}

function whatInstead(name: string): string {
  const guess = closest(name, openingNames)
  if (isOpening(name)) return `belongs into ${fileOf(name)}`
  return guess === undefined
    ? 'there is no block or part of this name: "batchway theme show" lists them'
    : `there is no block or part of this name; did you mean ${fileOf(guess as OpeningName)}?`
}

type Wrong = { readonly line: number | null; readonly words: string }

/** Everything that can be found without a visitor. */
function judge(name: OpeningName, source: string, engine: ThemeEngine): Wrong[] {
  let templates: Template[]
  try {
    templates = engine.parse(source, fileOf(name))
  } catch (error) {
    return [inWords(error)]
  }
  const wrong: Wrong[] = []
  const html = asHtml(source)
  for (const { at, words } of htmlProblems(html, { isWhole: false })) wrong.push({ line: lineOf(html, at), words })
  for (const { pattern, why } of openingOf(name).needs ?? [])
    if (!pattern.test(source) && !/\{%-?\s*default\s*-?%\}/.test(source)) wrong.push({ line: null, words: why })
  const variables = variablesOf(name)
  for (const segments of engine.variables(templates)) {
    const unknown = unknownAt(variables, segments)
    if (unknown === null) continue
    const last = unknown.path.split('.').at(-1) ?? ''
    const guess = closest(last, unknown.known)
    const at = source.indexOf(unknown.path)
    const words =
      last === 'xsrf'
        ? 'templates cannot read the token of forms: write {% form_token %} into the form'
        : `there is no variable ${unknown.path} here; ${guess ? `did you mean ${[...unknown.path.split('.').slice(0, -1), guess].join('.')}?` : `known: ${unknown.known.join(', ')}`}`
    wrong.push({ line: at === -1 ? null : lineOf(source, at), words })
  }
  // What is left shows when it is drawn: with everything there is, and with nothing.
  if (wrong.length === 0)
    for (const isFull of [true, false])
      try {
        const drawn = engine.render(templates, sampleOf(variables, isFull), isFull)
        const first = htmlProblems(drawn)[0]
        if (first === undefined) continue
        const near = drawn
          .slice(first.at, first.at + 40)
          .replaceAll(tokenMark, '')
          .replaceAll(defaultMark, '')
          .split('\n')[0]
        return [{ line: null, words: `${first.words} (it prints ${JSON.stringify(near)})` }]
      } catch (error) {
        return [inWords(error)]
      }
  return wrong
}

/** liquidjs adds the lines around; its first line says what and where. */
export function inWords(error: unknown): Wrong {
  const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  const line = /, line:(\d+)/.exec(message)?.[1]
  const words = message.replace(/, (file|line|col):[^,]*/g, '')
  return { line: line === undefined ? null : Number(line), words }
}
