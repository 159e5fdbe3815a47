import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { basePathOf } from '../core/config.ts'
import { closest } from '../core/config-error.ts'
import { compileTheme, type ThemeProblem } from '../web/theme/compile-theme.ts'
import { copyOf, readDefaults } from '../web/theme/defaults.ts'
import { fileOf, isOpening, type OpeningName, openingNames, openingOf } from '../web/theme/openings.ts'
import { listFolder, readListed } from '../web/theme/read-folder.ts'
import { themeParts } from '../web/theme/site-theme.ts'
import { configOption, loadSite } from './load-site.ts'
import { starterReadme, starterTheme } from './theme/starter-theme.ts'

const toName = (text: string): OpeningName => {
  if (isOpening(text)) return text
  const guess = closest(text, openingNames)
  throw new InvalidArgumentError(
    guess
      ? `there is none of this name; did you mean ${guess}?`
      : 'there is none of this name; without one, all are listed',
  )
}

/** `blocks/footer.liquid:3: there is no variable …`. */
const toProblemLine = ({ file, line, words, isStale }: ThemeProblem): string =>
  `${file === '' ? '(the folder)' : file}${line === null ? '' : `:${line}`}: ${isStale ? 'behind: ' : ''}${words}`

async function check(folder: string, base: string): Promise<readonly ThemeProblem[]> {
  const listing = await listFolder(folder)
  const { files, problems } = await readListed(listing)
  // The zone only makes times, which none of the findings depends on.
  const {
    overrides,
    statics,
    problems: found,
  } = compileTheme(files, [...listing.problems, ...problems], themeParts(base, 'UTC'))
  for (const problem of found) process.stdout.write(`${toProblemLine(problem)}\n`)
  const used = `${overrides.size} of blocks and parts, ${statics.size} files for browsers`
  process.stdout.write(
    found.length === 0
      ? `${folder}: no problems (${used})\n`
      : `${folder}: ${found.length} to look at (shown: ${used})\n`,
  )
  return found
}

export function addThemeCommand(program: Command): void {
  const theme = program.command('theme').description('give the pages a look and words of the site’s own')
  theme
    .command('check')
    .description(
      'list what of a theme does not fit this version, and what to write instead; exit status 1 if there is anything',
    )
    .argument('[folder]', 'the theme; the one that the configuration names if absent')
    .option(...configOption)
    .action(async (given: string | undefined, { config: file }: { config?: string }) => {
      const config = given === undefined ? (await loadSite(file)).config : null
      const folder = given ?? config?.theme
      if (folder === undefined)
        throw new Error('the configuration names no theme: write "theme: /folder", or give a folder')
      const found = await check(resolve(folder), config === null ? '/' : basePathOf(config))
      if (found.length > 0) process.exitCode = 1
    })
  theme
    .command('show')
    .description('print the default of a block or part, to begin with; without a name, list them all')
    .argument('[name]', 'such as "footer"', toName)
    .action((name: OpeningName | undefined) => {
      if (name === undefined) {
        for (const each of openingNames) process.stdout.write(`${fileOf(each).padEnd(30)} ${openingOf(each).about}\n`)
        return
      }
      const found = readDefaults().get(name)
      if (found !== undefined) process.stdout.write(copyOf(found))
    })
  theme
    .command('init')
    .description('make a folder with a theme that changes nothing yet')
    .argument('<folder>', 'where to; it must not exist, or be empty')
    .action((folder: string) => {
      mkdirSync(folder, { recursive: true })
      if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`)
      for (const below of ['blocks', 'parts', 'static']) mkdirSync(join(folder, below))
      writeFileSync(join(folder, 'theme.yaml'), starterTheme(), { flag: 'wx' })
      writeFileSync(join(folder, 'README.md'), starterReadme, { flag: 'wx' })
      process.stdout.write(
        `${folder}: write "theme: ${resolve(folder)}" into the configuration, then restart the hub once\n`,
      )
    })
}
