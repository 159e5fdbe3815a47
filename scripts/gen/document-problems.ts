/** What can be wrong with documents that people write: configurations that do not hold, and links that lead nowhere. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { checkLoaded } from '../../packages/batchway/src/cli/config-commands.ts'
import { parseConfig } from '../../packages/batchway/src/core/config.ts'

const documents = (root: string): string[] =>
  globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'packages/*/README.md', 'packages/*/src/**/README.md'], {
    cwd: root,
    exclude: ['**/node_modules/**'],
  }).sort()

function configProblem(text: string, source: string): string[] {
  try {
    checkLoaded({ config: parseConfig(parse(text), source), drivers: [] }, source)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** Blocks marked as YAML that are whole configurations. */
const wholeConfigs = (markdown: string): string[] =>
  [...markdown.matchAll(/^```yaml\n(.*?)^```/gms)]
    .map(([, text = '']) => text)
    .filter((text) => /^profiles:/m.test(text) && /^clusters:/m.test(text))

const brokenLinks = (root: string, path: string, markdown: string): string[] =>
  [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .filter((target) => !existsSync(join(root, dirname(path), target.replace(/#.*/, ''))))
    .map((target) => `${path}: the link ${target} leads nowhere`)

/** @returns one sentence for each problem. */
export function documentProblems(root: string): string[] {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  return [
    ...globSync('examples/**/batchway.yaml', { cwd: root }).flatMap((path) => configProblem(read(path), path)),
    ...documents(root).flatMap((path) => [
      ...wholeConfigs(read(path)).flatMap((text) => configProblem(text, `the configuration in ${path}`)),
      ...brokenLinks(root, path, read(path)),
    ]),
  ]
}
