import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '../../core/logger.ts'
import { timeWords } from '../format.ts'
import { hubPaths } from '../hub-paths.ts'
import type { ThemeParts } from './compile-theme.ts'
import { ownTemplates, readDefaults } from './defaults.ts'
import { noTheme, openTheme, type ThemeSource } from './live-theme.ts'

/** Parts of ours that the templates of a theme may use, and may not replace. */
export const freeParts = ['icon', 'ring', 'stop'] as const

/** @param base the gateway's path with both slashes. */
export function themeParts(base: string, timeZone: string): ThemeParts {
  const paths = hubPaths(base)
  return {
    defaults: readDefaults(),
    ownParts: new Map(
      freeParts.map((name) => {
        const path = `parts/${name}.liquid`
        return [path, readFileSync(join(ownTemplates, path), 'utf8')] as const
      }),
    ),
    times: timeWords(timeZone),
    address: paths.static,
  }
}

/** @param folder null for a site without a theme. */
export const siteTheme = (folder: string | null, parts: () => ThemeParts, log: Logger): ThemeSource =>
  folder === null ? noTheme : openTheme({ folder, parts: parts(), log: log.child({ theme: folder }) })
