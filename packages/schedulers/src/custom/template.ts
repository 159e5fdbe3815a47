/** Texts with variables: `{queue}`, `{host?}` for one that may be absent, `{{` and `}}` for braces. `${HOME}` is the shell's and stays. */

export type Part = string | { readonly name: string; readonly isOptional: boolean }
export type Template = readonly Part[]
export type Values = Readonly<Record<string, string | undefined>>

/** @returns the template, or what to write instead. @param names the variables that there are. */
export function parseTemplate(text: string, names: readonly string[]): Template | { readonly problem: string } {
  if (/\{%|\{\{\s/.test(text)) return { problem: 'is not a Jinja template: write {name} for a variable' }
  const parts: Part[] = []
  const token = /\$\{[^}\n]*\}|\{\{|\}\}|\{([A-Za-z_]\w*)(\?)?\}|\{[^{}\n]{0,40}\}?|\}|[^{}$]+|\$/gy
  for (const [found, name, optional] of text.matchAll(token)) {
    if (name !== undefined) {
      if (!names.includes(name)) return { problem: unknownVariable(name, names) }
      parts.push({ name, isOptional: optional !== undefined })
    } else if (found === '{{' || found === '}}') parts.push(found.slice(1))
    else if (/^[{}]/.test(found)) return { problem: `holds ${JSON.stringify(found)}: write {{ and }} for braces` }
    else parts.push(found)
  }
  return parts
}

/** Names by which other programs call the same. */
const otherNames: Readonly<Record<string, string>> = {
  keepvars: 'nothing of the hub’s environment goes into a job: remove it',
  keepvars_extra: 'nothing of the hub’s environment goes into a job: remove it',
  options: 'write the directives into the script',
  prologue: 'write its lines into the script, or "prologue" at the application',
  epilogue: 'the session takes the place of the script: nothing runs after it',
  ngpus: 'write {gpus}',
  exec_prefix: 'write "transport: sudo" at the cluster',
}

function unknownVariable(name: string, names: readonly string[]): string {
  const instead =
    otherNames[name] ?? `there are ${names.map((one) => `{${one}}`).join(', ')}; write {{${name}}} for the text itself`
  return `{${name}} is no variable here: ${instead}`
}

export const variablesOf = (template: Template): { readonly name: string; readonly isOptional: boolean }[] =>
  template.filter((part) => typeof part !== 'string')

/** @returns null if a variable that may be absent is. Others that are absent are missing from the text. */
export function render(template: Template, values: Values): string | null {
  if (variablesOf(template).some(({ name, isOptional }) => isOptional && !values[name])) return null
  return template.map((part) => (typeof part === 'string' ? part : (values[part.name] ?? ''))).join('')
}
