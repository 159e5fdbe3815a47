/** What can be wrong with documents that people write: configurations that do not hold, links that lead nowhere, files that are gone. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { siteProblems } from '../../packages/batchway/src/app/site-problems.ts'
import { loadConfig } from '../../packages/batchway/src/core/load-config.ts'
import { parseConfig } from '../../packages/batchway/src/core/parse-config.ts'
import { expandProfiles } from '../../packages/batchway/src/profiles/import/expand-profiles.ts'

const documents = (root: string): string[] =>
  globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'packages/*/README.md', 'packages/*/src/**/README.md'], {
    cwd: root,
    exclude: ['**/node_modules/**'],
  }).sort()

function configProblem(text: string, source: string): string[] {
  try {
    parseConfig(parse(text), source, (config) => siteProblems(config, []))
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** With the files that it names beside it. */
const fileProblem = (root: string, path: string): Promise<string[]> =>
  loadConfig(join(root, path), siteProblems, expandProfiles).then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  )

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

/** Sources that a document names: by path from the root, from `packages/` (`b/` is the hub's `src`), from a room's folder, or by bare name. */
function missingSources(path: string, markdown: string, sources: readonly string[]): string[] {
  return [...markdown.matchAll(/`([\w@./-]+\.(?:ts|mjs|js|sh))`/g)]
    .map(([, name = '']) => name.replace(/^b\//, 'batchway/src/'))
    .filter(
      (name) =>
        name !== 'batchway.config.ts' && !sources.some((source) => source === name || source.endsWith(`/${name}`)),
    )
    .map((name) => `${path}: there is no file ${name}`)
}

/** Documents whose names of files are promises. */
const named = ['README.md', 'ARCHITECTURE.md', 'docs/security.md', 'docs/explanation/sessions.md']

/** @returns one sentence for each problem. */
export async function documentProblems(root: string): Promise<string[]> {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  const sources = globSync(['{packages,scripts,test,testbench}/**/*.{ts,mjs,js,sh}'], {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**'],
  })
  const examples = globSync('examples/**/batchway.yaml', { cwd: root }).sort()
  return [
    ...named.flatMap((path) => missingSources(path, read(path), sources)),
    ...(await Promise.all(examples.map((path) => fileProblem(root, path)))).flat(),
    ...documents(root).flatMap((path) => [
      ...wholeConfigs(read(path)).flatMap((text) => configProblem(text, `the configuration in ${path}`)),
      ...brokenLinks(root, path, read(path)),
    ]),
  ]
}
