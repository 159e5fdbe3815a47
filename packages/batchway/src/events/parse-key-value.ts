/** Reads a line of key=value pairs back: what `event-line.ts` writes. @returns null for anything else. */
export function parseKeyValue(line: string): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>()
  const pair = /([a-z_]+)=(?:"((?:[^"\\]|\\["\\])*)"|([^\s"]+))(?: |$)/y
  while (pair.lastIndex < line.length) {
    const [, key = '', quoted, bare = ''] = pair.exec(line) ?? []
    if (key === '') return null
    found.set(key, quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1'))
  }
  return found.size > 0 ? found : null
}
