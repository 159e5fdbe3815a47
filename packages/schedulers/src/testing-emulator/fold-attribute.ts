const width = 80
/** Where the text of a line begins behind a tab. */
const tab = 8

/**
 * `    name = value`, folded as `qstat -f` folds it: before a part of a list that would not fit, and within a part that is longer than a line.
 * @param lastColumn at which a part is broken: releases differ.
 */
export function foldAttribute(name: string, value: string, lastColumn: number): string {
  const head = `    ${name} = `
  let [text, column] = [head, head.length]
  for (const [index, part] of value.split(',').entries()) {
    if (index > 0) {
      text += ','
      column += 1
      if (column + part.length >= width) [text, column] = [`${text}\n\t`, tab]
    }
    for (const character of part) {
      if (column >= lastColumn) [text, column] = [`${text}\n\t`, tab]
      text += character
      column += 1
    }
  }
  return `${text}\n`
}
