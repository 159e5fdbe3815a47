import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

interface Module {
  readonly file: string
  /** Its text without imports and exports, which are names of the whole by now. */
  readonly text: string
  readonly names: readonly string[]
}

/** The program uses something that only a loader understands. */
export class CannotLink extends Error {
  override readonly name = 'CannotLink'
}

/**
 * Put a compiled program and all modules that it imports into one file, in its place. Finding, reading and linking fifty files is a fifth of what an agent's
 * start costs, and many start on one node. Only for what our own compiler writes: named imports and exports at the beginning of a
 * line, no cycles. Each module stays a scope of its own.
 * @param entry the program, which may await; the modules may not.
 * @throws {CannotLink} for everything else, rather than to guess.
 */
export function linkProgram(entry: string): void {
  const root = dirname(entry)
  const nameOf = (file: string) => `$${relative(root, file).replace(/\W/g, '_')}`
  const done = new Map<string, Module>()
  const open = new Set<string>()

  const visit = (file: string): void => {
    if (done.has(file)) return
    if (open.has(file)) throw new CannotLink(`${file} imports itself, by way of others`)
    open.add(file)
    const read = (path: string) => {
      visit(path)
      return nameOf(path)
    }
    // What it says of its own place must stay true.
    done.set(file, toModule(file, readFileSync(file, 'utf8'), dirname(file) !== root, read))
  }
  visit(entry)

  const parts = [...done.values()].map(({ file, text, names }) =>
    file === entry ? text : `const ${nameOf(file)} = (() => {\n${text}\nreturn { ${names.join(', ')} };\n})();\n`,
  )
  writeFileSync(entry, `#!/usr/bin/env node\n${parts.join('')}`)
}

function toModule(file: string, source: string, isInside: boolean, read: (path: string) => string): Module {
  const names: string[] = []
  const text = source
    .replace(/^#!.*\n/, '')
    .replace(/^import \{([^}]*)\} from '([^']+)';$/gm, (_all, what: string, from: string) => {
      const taken = from.startsWith('node:')
        ? `process.getBuiltinModule('${from}')`
        : read(resolve(join(dirname(file), from)))
      return `const {${what.replaceAll(' as ', ': ')}} = ${taken};`
    })
    .replace(/^export (async function\*?|function\*?|const|class) (\w+)/gm, (_all, kind: string, name: string) => {
      names.push(name)
      return `${kind} ${name}`
    })
    .replace(/^export const \{([\w, ]*)\}/gm, (_all, what: string) => {
      names.push(...what.split(',').map((name) => name.trim()))
      return `const {${what}}`
    })
  const left =
    /^(?:import|export)\b.*/m.exec(text) ??
    /\bimport\(.*/.exec(text) ??
    (isInside ? /\bimport\.meta.*/.exec(text) : null)
  if (left) throw new CannotLink(`${file}: ${left[0]}`)
  return { file, text, names }
}
