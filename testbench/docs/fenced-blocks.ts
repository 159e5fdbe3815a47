/** The fenced blocks of a Markdown document. */

export interface FencedBlock {
  /** First word behind the fence; empty if there is none. */
  readonly language: string
  readonly text: string
  /** Of the first line of `text`, counted from 1. */
  readonly line: number
}

/** Blocks in their order. A block may stand in a list: what indents its fence is taken off its lines. @throws if one is never closed. */
export function fencedBlocks(markdown: string): FencedBlock[] {
  const blocks: FencedBlock[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = '', fence, language = ''] = /^( *)(`{3,}|~{3,}) *(\S*)/.exec(lines[at] ?? '') ?? []
    if (fence === undefined) continue
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence)
    if (end < 0) throw new Error(`line ${at + 1}: a fenced block that is never closed`)
    const text = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    blocks.push({ language, text: text.map((line) => `${line}\n`).join(''), line: at + 2 })
    at = end
  }
  return blocks
}
