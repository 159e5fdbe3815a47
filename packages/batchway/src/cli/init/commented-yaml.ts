/** A configuration as people read it: each part with its reason, and what could stand there instead. Pure. */
import { Document, isScalar, isSeq, visit } from 'yaml'
import type { ConfigInput } from '../../core/config.ts'

type Part = Partial<ConfigInput>

export interface Section {
  /** Sentences; each becomes a paragraph of the comment. */
  readonly why: readonly string[]
  /** Top-level keys of this part; empty for a part that is only a proposal. */
  readonly value: Part
  /** Other values for the same keys, written as comments. */
  readonly instead?: readonly { readonly words: string; readonly value: Part }[]
}

const width = 118

function wrap(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  // A name from outside must not end the comment it stands in.
  for (const word of text.replace(/[\0-\x1f\x7f\u0085\u2028\u2029]+/g, ' ').split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(`${indent}${line}`)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, `${indent}${line}`]
}

/** Short lists stand in one line, as people write them. */
function toYaml(value: Part): string {
  const document = new Document(value)
  visit(document, {
    Seq(_, list) {
      if (isSeq(list) && list.items.every(isScalar) && JSON.stringify(list).length < 80) list.flow = true
    },
  })
  return document.toString({ lineWidth: 120, flowCollectionPadding: false })
}

const sectionText = ({ why, value, instead = [] }: Section): string =>
  [
    ...why.flatMap((words) => wrap(words, '# ')),
    ...(Object.keys(value).length === 0 ? [] : [toYaml(value).trimEnd()]),
    ...instead.flatMap((other) => [
      ...wrap(other.words, '# '),
      ...toYaml(other.value)
        .trimEnd()
        .split('\n')
        .map((line) => `#   ${line}`),
    ]),
  ].join('\n')

export const commentedYaml = (head: readonly string[], sections: readonly Section[]): string =>
  `${[head.flatMap((words) => wrap(words, '# ')).join('\n'), ...sections.map(sectionText)].join('\n\n')}\n`
