/** `theme.yaml`: names, colours, shape, links and texts of a site. */
import { z } from 'zod'
import { closest, unknownKey } from '../../core/config-error.ts'
import { plainText } from '../../core/config-values.ts'
import { readYaml } from '../../core/load-config.ts'
import { blanksOf, isMessage, messageKeys, messages } from './messages.ts'
import { clashesOf, colourNames, isColour, type Look, type OwnColours, paletteOf } from './palette.ts'

const link = z
  .string()
  .max(2_000)
  .regex(
    /^(https?:\/\/[^\s\\"'<>]+|mailto:[^\s\\"'<>]+|\/(?![/\\])[^\s\\"'<>]*)$/i,
    'write an address with http://, https:// or mailto:, or a path of this gateway such as "/hub/home"',
  )
const named = z.strictObject({ label: plainText.min(1).max(80), url: link })
const colour = z.string().regex(/^#[0-9a-fA-F]{6}$/, 'write a colour of six hex digits in quotes, such as "#1f5aa6"')
const length = z.string().regex(/^\d{1,3}(\.\d{1,3})?(px|rem)$/, 'write a length such as "6px" or "0.5rem"')
const fonts = z
  .string()
  .max(300)
  .regex(
    /^("[A-Za-z0-9 .-]+"|[A-Za-z][A-Za-z0-9-]*)(, *("[A-Za-z0-9 .-]+"|[A-Za-z][A-Za-z0-9-]*))*$/,
    'write names of fonts, those with blanks in double quotes, such as \'"Source Sans 3", sans-serif\'',
  )

const palette = z.record(z.string(), colour)

export const shapes = {
  font: [fonts, 'Fonts of text; only those that people’s machines have: nothing is fetched'],
  mono: [fonts, 'Fonts of code and logs'],
  'radius-sm': [length, 'Corners of what is small'],
  radius: [length, 'Corners of controls'],
  'radius-lg': [length, 'Corners of cards'],
  width: [length, 'Widest content'],
} as const

export const ThemeFile = z.strictObject({
  title: plainText.min(1).max(60).optional().describe('Name of the gateway in head and tab; "Batchway" if absent'),
  logo: z
    .strictObject({
      showsTitle: z
        .boolean()
        .default(true)
        .describe('Is the title written beside the logo? Write false where the logo says it'),
    })
    .prefault({})
    .describe('Of static/logo.svg or static/logo.png, and static/logo-dark.* for dark pages'),
  colours: z
    .strictObject({ light: palette.optional(), dark: palette.optional() })
    .prefault({})
    .describe('Colours by name, for light and for dark pages; what is absent stays ours'),
  shape: z
    .strictObject(
      Object.fromEntries(
        Object.entries(shapes).map(([name, [schema, about]]) => [name, schema.optional().describe(about)]),
      ),
    )
    .prefault({})
    .describe('Fonts and corners'),
  links: z
    .strictObject({
      help: link.optional().describe('Where "Help" leads; site.helpUrl of the configuration if absent'),
      policy: link.optional().describe('Terms of use and privacy, in the foot and on the sign-in page'),
      menu: z.array(named).max(6).default([]).describe('Further links of the navigation'),
      footer: z.array(named).max(12).default([]).describe('Further links of the foot'),
    })
    .prefault({})
    .describe('Addresses'),
  messages: z.record(z.string(), plainText.max(500)).prefault({}).describe('Texts by key, in the site’s own words'),
})
export type ThemeFile = z.output<typeof ThemeFile>

export interface ReadTheme {
  readonly file: ThemeFile
  readonly colours: Readonly<Partial<Record<Look, OwnColours>>>
  readonly problems: readonly { readonly at: string; readonly words: string }[]
}

const nothing = (): ThemeFile => ThemeFile.parse({})

/**
 * Reads what can be read: a part with a mistake is left at its default, with the mistake told.
 * @param text of `theme.yaml`; null where there is none.
 */
export function parseThemeFile(text: string | null): ReadTheme {
  if (text === null) return { file: nothing(), colours: {}, problems: [] }
  const problems: { at: string; words: string }[] = []
  const tell = (at: string, words: string): void => void problems.push({ at, words })
  let raw: unknown
  try {
    raw = readYaml(text, 'theme.yaml') ?? {}
  } catch (error) {
    tell('', error instanceof Error ? error.message : String(error))
    return { file: nothing(), colours: {}, problems }
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    tell('', 'write keys such as "title:" and "links:"')
    return { file: nothing(), colours: {}, problems }
  }
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(raw)) {
    const schema = Object.hasOwn(ThemeFile.shape, name) ? ThemeFile.shape[name as keyof ThemeFile] : undefined
    if (schema === undefined) {
      tell(name, unknownKey(name, Object.keys(ThemeFile.shape)))
      continue
    }
    const read = schema.safeParse(value)
    if (read.success) kept[name] = value
    else
      for (const issue of read.error.issues) {
        const at = [name, ...issue.path].join('.')
        if (issue.code === 'unrecognized_keys')
          for (const key of issue.keys) tell(`${at}.${key}`, 'unknown key; see docs/reference/theme.md')
        else tell(at, issue.message)
      }
  }
  const file = ThemeFile.parse(kept)
  const colours: Partial<Record<Look, OwnColours>> = {}
  for (const look of ['light', 'dark'] as const) {
    const given = file.colours[look]
    if (given === undefined) continue
    const own = ownColours(given, (name, words) => tell(`colours.${look}.${name}`, words))
    const clashes = clashesOf(paletteOf(look, own))
    for (const { front, back, ratio, needs } of clashes)
      tell(
        `colours.${look}`,
        `${front} on ${back} has a contrast of ${(Math.floor(ratio * 10) / 10).toFixed(1)}, and needs ${needs}: make one of them ${look === 'light' ? 'lighter or the other darker' : 'darker or the other lighter'}`,
      )
    if (clashes.length === 0 && Object.keys(own).length > 0) colours[look] = own
  }
  const texts: Record<string, string> = {}
  for (const [key, text] of Object.entries(file.messages)) {
    if (!isMessage(key)) {
      tell(
        `messages.${key}`,
        unknownKey(key, closest(key, messageKeys) ? messageKeys : ['see docs/reference/theme.md']),
      )
      continue
    }
    const known = blanksOf(messages[key].text)
    const strange = blanksOf(text).filter((name) => !known.includes(name))
    if (strange.length === 0) texts[key] = text
    else
      tell(
        `messages.${key}`,
        `{${strange[0]}} is not known here; ${known.length === 0 ? 'this text has no blanks' : `write ${known.map((name) => `{${name}}`).join(', ')}`}`,
      )
  }
  return { file: { ...file, messages: texts }, colours, problems }
}

function ownColours(given: Readonly<Record<string, string>>, tell: (name: string, words: string) => void): OwnColours {
  const own: OwnColours = {}
  for (const [name, value] of Object.entries(given)) {
    if (isColour(name)) own[name] = value.toLowerCase()
    else tell(name, unknownKey(name, colourNames))
  }
  return own
}

/** Declarations for `:root`. */
export const shapeLines = (file: ThemeFile): string[] =>
  Object.entries(file.shape).flatMap(([name, value]) => (value === undefined ? [] : [`--bw-${name}: ${String(value)}`]))
