/** @returns {string} at most so many lines of it, the last of them then saying how many more there are */
export function firstLines(text, most) {
  const lines = text.split('\n')
  return lines.length <= most
    ? text
    : [...lines.slice(0, most - 1), `… ${lines.length - most + 1} more lines`].join('\n')
}
