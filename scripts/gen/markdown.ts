/** Small pieces of Markdown for the generated pages. */

/** Text that stands in a table cell as it is. */
export const cell = (text: string): string =>
  text
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/\s*\n\s*/g, ' ')

export const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A whole page: what makes it, a title, and its parts with blank lines between. */
export const page = (title: string, source: string, ...parts: readonly string[]): string =>
  `${[`<!-- Made by scripts/gen.ts from ${source}: edit that, then run npm run gen. -->`, `# ${title}`, ...parts].join('\n\n')}\n`
