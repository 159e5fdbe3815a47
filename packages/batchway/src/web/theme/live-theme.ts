/** The theme as its folder says now: looked at for each page, read again when something there has changed. */
import type { Logger } from '../../core/logger.ts'
import { compileTheme, plainTheme, type Theme, type ThemeParts, type ThemeProblem } from './compile-theme.ts'
import type { OpeningName } from './openings.ts'
import { fileOf } from './openings.ts'
import { type Listing, listFolder, readListed } from './read-folder.ts'

export interface ThemeSource {
  /** As it is now: an edit that was written before this call shows. Never rejects, and never waits long. */
  current(): Promise<Theme>
  failed(name: OpeningName, words: string): void
  isOff(name: OpeningName): boolean
}

export const noTheme: ThemeSource = {
  current: async () => plainTheme,
  failed: () => {},
  isOff: () => false,
}

export interface LiveThemeOptions {
  readonly folder: string
  readonly parts: ThemeParts
  readonly log: Logger
  readonly list?: (folder: string) => Promise<Listing>
  /** A file system that does not answer must not hold pages: after so long they show what is known. */
  readonly patienceMs?: number
}

/** So often a template may fail on pages before it is left alone until its file changes. */
const failuresAllowed = 3

export function openTheme({ folder, parts, log, list = listFolder, patienceMs = 500 }: LiveThemeOptions): ThemeSource {
  let theme = plainTheme
  let mark: string | null = null
  let told = new Set<string>()
  let failures = new Map<OpeningName, number>()

  const tellProblems = (problems: readonly ThemeProblem[]): void => {
    const now = new Set<string>()
    for (const { file, line, words, isStale } of problems) {
      const key = `${file}:${line}:${words}`
      now.add(key)
      if (told.has(key)) continue
      const fields = { file: file === '' ? folder : file, ...(line !== null && { line }), problem: words }
      log.warn(
        fields,
        isStale ? 'the theme is behind its defaults' : 'a part of the theme does not fit; the default is shown',
      )
    }
    told = now
  }

  async function look(): Promise<void> {
    const listing = await list(folder)
    if (listing.mark === mark) return
    const { files, problems } = await readListed(listing)
    theme = compileTheme(files, [...listing.problems, ...problems], parts)
    mark = listing.mark
    failures = new Map()
    tellProblems(theme.problems)
    log.info({ folder, templates: theme.overrides.size, problems: theme.problems.length }, 'the theme was read')
  }

  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const begin = (): Promise<void> => {
    const mine = look()
      .catch((error: unknown) =>
        log.warn({ folder, problem: String(error) }, 'the theme cannot be read; it stays as it was'),
      )
      .finally(() => {
        if (running === mine) running = null
      })
    running = mine
    return mine
  }
  /** A look that began before the call may have passed a file already: then the one after it, which all who wait share. */
  const fresh = (): Promise<void> => {
    if (running === null) return begin()
    next ??= running.then(() => {
      next = null
      return begin()
    })
    return next
  }

  let isLate = false
  return {
    async current() {
      const wanted = fresh()
      if (isLate) return theme
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, patienceMs, 'late')
      })
      const first = await Promise.race([wanted, late])
      clearTimeout(timer)
      if (first === 'late') {
        isLate = true
        log.warn({ folder }, 'the theme’s folder does not answer; pages show what is known of it')
        void wanted.then(() => {
          isLate = false
        })
      }
      return theme
    },
    failed(name, words) {
      const count = (failures.get(name) ?? 0) + 1
      failures.set(name, count)
      if (count === 1)
        log.warn({ file: fileOf(name), problem: words }, 'a part of the theme does not fit; the default is shown')
      if (count === failuresAllowed) log.warn({ file: fileOf(name) }, 'the default is shown until this file changes')
    },
    isOff: (name) => (failures.get(name) ?? 0) >= failuresAllowed,
  }
}
