/** A site's colours: which there are, which pairs must be told apart, and the style sheet that sets them. Pure. */

/** Name → what it is for, light, dark: the look without a theme. `tokens.css` holds the same, and a test compares. */
export const colours = {
  page: ['Page background', '#f5f6f8', '#11151b'],
  surface: ['Cards, head', '#ffffff', '#191f27'],
  sunken: ['Logs, scripts, hover', '#eef0f4', '#222a34'],
  text: ['Text', '#1a2029', '#e7eaef'],
  muted: ['Labels, hints', '#4f5967', '#a9b3c0'],
  line: ['Borders of surfaces', '#dce0e6', '#303a46'],
  control: ['Borders of controls', '#7d8795', '#768394'],
  accent: ['Links, main button, focus', '#1f5aa6', '#8fb8f2'],
  'accent-hover': ['The same under the pointer', '#174780', '#b3d0f8'],
  'on-accent': ['Text on the accent', '#ffffff', '#0d1a2c'],
  'accent-soft': ['Selected card, chips on their way', '#e7eff9', '#1c2f4a'],
  ok: ['Ready, done', '#17693f', '#7fd1a3'],
  'ok-soft': ['Its background', '#e3f3ea', '#163425'],
  wait: ['Waiting, attention', '#7f4b00', '#f0bd6c'],
  'wait-soft': ['Its background', '#fcf0da', '#3a2b12'],
  bad: ['Failed, stop', '#a8241d', '#f5a19b'],
  'bad-soft': ['Its background', '#fcebea', '#44201e'],
  idle: ['Ended, paused', '#4f5967', '#b4bdc9'],
  'idle-soft': ['Its background', '#eceff3', '#29313c'],
  'data-1': ['Series 1, meters', '#1f5aa6', '#7aabf0'],
  'data-2': ['Series 2', '#b06a00', '#e5a545'],
  'data-3': ['Series 3', '#1d7f74', '#56b9ac'],
  'data-4': ['Series 4', '#7a4fb0', '#b896e6'],
  'data-5': ['Rest, context', '#6b7684', '#94a0b0'],
  track: ['Empty part of a meter', '#e1e5eb', '#2c3541'],
} as const satisfies Readonly<Record<string, readonly [about: string, light: string, dark: string]>>

export type Colour = keyof typeof colours
export const isColour = (name: string): name is Colour => Object.hasOwn(colours, name)
export const colourNames = Object.keys(colours).filter(isColour)
export type Look = 'light' | 'dark'
export type Palette = Readonly<Record<Colour, string>>

export function paletteOf(look: Look, own: Partial<Record<Colour, string>> = {}): Palette {
  const at = look === 'light' ? 1 : 2
  const ours = Object.fromEntries(colourNames.map((name) => [name, colours[name][at]])) as Record<Colour, string>
  return { ...ours, ...own }
}

/** Which colours meet on pages, and the WCAG 2 ratio that they need there: 4.5 for text, 3 for what is drawn. */
export const pairs: readonly (readonly [front: Colour, back: Colour, needs: 3 | 4.5])[] = [
  ['text', 'page', 4.5],
  ['text', 'surface', 4.5],
  ['text', 'sunken', 4.5],
  ['text', 'accent-soft', 4.5],
  ['muted', 'page', 4.5],
  ['muted', 'surface', 4.5],
  ['muted', 'sunken', 4.5],
  ['muted', 'accent-soft', 4.5],
  ['accent', 'page', 4.5],
  ['accent', 'surface', 4.5],
  ['accent', 'sunken', 4.5],
  ['accent', 'accent-soft', 4.5],
  ['accent-hover', 'page', 4.5],
  ['accent-hover', 'surface', 4.5],
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-hover', 4.5],
  ['ok', 'ok-soft', 4.5],
  ['ok', 'surface', 4.5],
  ['wait', 'wait-soft', 4.5],
  ['wait', 'surface', 4.5],
  ['bad', 'bad-soft', 4.5],
  ['bad', 'surface', 4.5],
  ['idle', 'idle-soft', 4.5],
  ['control', 'surface', 3],
  ['data-1', 'surface', 3],
  ['data-2', 'surface', 3],
  ['data-3', 'surface', 3],
  ['data-4', 'surface', 3],
  ['data-5', 'surface', 3],
  ['data-1', 'track', 3],
  ['data-2', 'track', 3],
  ['bad', 'track', 3],
]

const channels = (hex: string): [number, number, number] => {
  const at = (from: number): number => Number.parseInt(hex.slice(from, from + 2), 16)
  return [at(1), at(3), at(5)]
}

/** WCAG 2.2, "relative luminance". */
function luminance(hex: string): number {
  const [red, green, blue] = channels(hex).map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** 1 to 21. @param first both `#rrggbb`. */
export function contrast(first: string, second: string): number {
  const [dark, light] = [luminance(first), luminance(second)].sort((a, b) => a - b) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

export interface Clash {
  readonly front: Colour
  readonly back: Colour
  readonly ratio: number
  readonly needs: number
}

export const clashesOf = (palette: Palette): Clash[] =>
  pairs.flatMap(([front, back, needs]) => {
    const ratio = contrast(palette[front], palette[back])
    return ratio < needs ? [{ front, back, ratio, needs }] : []
  })

/** Bootstrap's own variables, from ours. */
const bootstrap: readonly (readonly [name: string, from: Colour, isRgbToo?: true])[] = [
  ['body-color', 'text', true],
  ['body-bg', 'page', true],
  ['emphasis-color', 'text', true],
  ['heading-color', 'text'],
  ['secondary-color', 'muted', true],
  ['tertiary-color', 'muted', true],
  ['secondary-bg', 'sunken', true],
  ['tertiary-bg', 'surface', true],
  ['border-color', 'line'],
  ['border-color-translucent', 'line'],
  ['primary', 'accent', true],
  ['primary-text-emphasis', 'accent'],
  ['primary-bg-subtle', 'accent-soft'],
  ['primary-border-subtle', 'accent'],
  ['link-color', 'accent', true],
  ['link-hover-color', 'accent-hover', true],
  ['success-text-emphasis', 'ok'],
  ['success-bg-subtle', 'ok-soft'],
  ['warning-text-emphasis', 'wait'],
  ['warning-bg-subtle', 'wait-soft'],
  ['danger-text-emphasis', 'bad'],
  ['danger-bg-subtle', 'bad-soft'],
  ['form-invalid-color', 'bad'],
  ['form-invalid-border-color', 'bad'],
  ['code-color', 'text'],
  ['highlight-bg', 'wait-soft'],
  ['highlight-color', 'text'],
]

const drawing = (viewBox: string, shape: string): string =>
  `url("data:image/svg+xml,%3csvg xmlns='http://www.w3.org/2000/svg' viewBox='${viewBox}'%3e${shape}%3c/svg%3e")`

/** Everything that `tokens.css` says of one palette, but for `color-scheme`. */
export function declarationsOf(palette: Palette): string[] {
  const muted = `%23${palette.muted.slice(1)}`
  const onAccent = `%23${palette['on-accent'].slice(1)}`
  const round = "stroke-linecap='round' stroke-linejoin='round'"
  return [
    ...colourNames.map((name) => `--bw-${name}: ${palette[name]}`),
    ...bootstrap.flatMap(([name, from, isRgbToo]) => [
      `--bs-${name}: ${palette[from]}`,
      ...(isRgbToo ? [`--bs-${name}-rgb: ${channels(palette[from]).join(', ')}`] : []),
    ]),
    `--bw-select-arrow: ${drawing('0 0 16 16', `%3cpath fill='none' stroke='${muted}' stroke-width='1.75' ${round} d='m4 6 4 4 4-4'/%3e`)}`,
    `--bw-check: ${drawing('0 0 20 20', `%3cpath fill='none' stroke='${onAccent}' ${round} stroke-width='3' d='m6 10 3 3 6-6'/%3e`)}`,
    `--bw-radio: ${drawing('-4 -4 8 8', `%3ccircle r='2' fill='${onAccent}'/%3e`)}`,
  ]
}

export type OwnColours = Partial<Record<Colour, string>>

/**
 * The style sheet of a theme. "More contrast" keeps our own palettes: it is asked for by people who need it.
 * @param shape declarations that hold in every look.
 */
export function styleSheet(own: Readonly<Partial<Record<Look, OwnColours>>>, shape: readonly string[]): string {
  const rule = (selector: string, lines: readonly string[]): string =>
    `${selector} {\n${lines.map((line) => `  ${line};\n`).join('')}}\n`
  const calm = (text: string): string => `@media not all and (prefers-contrast: more) {\n${text}}\n`
  const not = ':not([data-contrast="more"])'
  const parts: string[] = []
  if (shape.length > 0) parts.push(rule(':root', shape))
  if (own.light !== undefined) {
    const lines = declarationsOf(paletteOf('light', own.light))
    parts.push(calm(rule(`:root${not}:not([data-bs-theme="dark"])`, lines)))
  }
  // Light above also meets a dark system without a choice; what follows stands behind it with the same weight, so ours comes back too.
  const dark = declarationsOf(paletteOf('dark', own.dark))
  if (own.light !== undefined || own.dark !== undefined) {
    parts.push(calm(rule(`:root${not}[data-bs-theme="dark"]`, dark)))
    parts.push(`@media (prefers-color-scheme: dark) {\n${calm(rule(`:root${not}:not([data-bs-theme])`, dark))}}\n`)
  }
  return parts.join('')
}
