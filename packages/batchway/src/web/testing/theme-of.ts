import { compileTheme, type Theme, type ThemeParts } from '../theme/compile-theme.ts'
import type { ThemeSource } from '../theme/live-theme.ts'
import { themeParts } from '../theme/site-theme.ts'

const parts = themeParts('/', 'Europe/Berlin')

/** A theme of these files, as if they lay in its folder. */
export const themeOf = (files: Readonly<Record<string, string | Uint8Array>>, more: Partial<ThemeParts> = {}): Theme =>
  compileTheme(
    Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
    [],
    { ...parts, ...more },
  )

export interface FixedTheme extends ThemeSource {
  readonly failures: string[]
}
export function fixedTheme(theme: Theme): FixedTheme {
  const failures: string[] = []
  return {
    failures,
    current: async () => theme,
    failed: (name, words) => void failures.push(`${name}: ${words}`),
    isOff: () => false,
  }
}
