/** Elements of machine-made XML: no comments, no CDATA, no document type. Never throws: a damaged text is no document. */

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** Its own text, without that of its children; entities are replaced. */
  readonly text: string
}

interface OpenElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

const token = /<(\/?)([A-Za-z_][\w.:-]{0,99})((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y
const attribute = /([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** How deep elements may lie in each other: schedulers nest a handful. */
const maxDepth = 64

/** @returns the root element; null if anything in the text is not in order. */
export function readXml(text: string): XmlElement | null {
  const body = text.replace(/^\ufeff?\s*(?:<\?xml\b[^<>]*\?>)?\s*/, '').trimEnd()
  const open: OpenElement[] = []
  let root: XmlElement | null = null
  for (let at = 0; at < body.length; at = token.lastIndex) {
    token.lastIndex = at
    const found = token.exec(body)
    if (found === null || root !== null) return null
    const [, slash, name = '', rest = '', empty, words] = found
    const parent = open.at(-1)
    if (words !== undefined) {
      if (parent === undefined) return null
      parent.text += words
    } else if (slash) {
      if (parent?.name !== name || rest !== '' || empty) return null
      open.pop()
      root = close(parent, open)
    } else {
      const element = { name, attributes: readAttributes(rest), children: [], text: '' }
      if (empty) root = close(element, open)
      else if (open.push(element) > maxDepth) return null
    }
  }
  return open.length === 0 ? root : null
}

/** @returns the element if it was the root. */
function close(element: OpenElement, open: readonly OpenElement[]): XmlElement | null {
  const done = { ...element, text: replaceEntities(element.text) }
  const parent = open.at(-1)
  parent?.children.push(done)
  return parent === undefined ? done : null
}

const readAttributes = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(attribute)].map(([, name = '', double, single]) => [
      name,
      replaceEntities(double ?? single ?? ''),
    ]),
  )

const replaceEntities = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (all, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? all
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
  })

/** The text of the one child of this name; undefined if there is none, or more than one. */
export function childText({ children }: XmlElement, name: string): string | undefined {
  const found = children.filter((child) => child.name === name)
  return found.length === 1 ? found[0]?.text.trim() : undefined
}
