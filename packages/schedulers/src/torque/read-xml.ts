/** The XML that Torque's commands print: elements without attributes, text with the five entities of XML and numbers. */

export interface Element {
  readonly name: string
  /** Of an element without children. */
  readonly text: string
  readonly children: readonly Element[]
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const deepest = 8

/** @returns null for what is no such text, is cut off, or holds anything but one element (after an XML declaration, if there is one). */
export function readXml(text: string): Element | null {
  const token = /<(\/?)([A-Za-z_][\w.:+-]{0,99})>|([^<]+)/y
  const open: { readonly name: string; readonly children: Element[]; text: string }[] = []
  let root: Element | null = null
  token.lastIndex = /^\s*(?:<\?xml [^<>]{0,100}\?>)?\s*/.exec(text)?.[0].length ?? 0
  while (token.lastIndex < text.length) {
    const [, slash, name, words] = token.exec(text) ?? []
    const inner = open.at(-1)
    if (words !== undefined) {
      if (inner === undefined && words.trim() !== '') return null
      if (inner !== undefined) inner.text += words
    } else if (name === undefined) return null
    else if (slash === '') {
      if (root !== null || open.length >= deepest) return null
      open.push({ name, children: [], text: '' })
    } else {
      const done = open.pop()
      const element = done?.name === name ? close(done) : null
      if (element === null) return null
      const outer = open.at(-1)
      if (outer === undefined) root = element
      else outer.children.push(element)
    }
  }
  return open.length === 0 ? root : null
}

/** @returns null if text and elements are mixed, or if the text holds what is no entity. */
function close({ name, children, text }: Element): Element | null {
  if (children.length > 0) return text.trim() === '' ? { name, children, text: '' } : null
  const decoded = decode(text)
  return decoded === null ? null : { name, children, text: decoded }
}

function decode(text: string): string | null {
  let isGood = true
  const decoded = text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,8}));|&/gi, (_, decimal, hex, name) => {
    const known = name === undefined ? characterOf(decimal, hex) : entities[name]
    if (known === undefined) isGood = false
    return known ?? ''
  })
  return isGood ? decoded : null
}

function characterOf(decimal: string | undefined, hex: string | undefined): string | undefined {
  const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16)
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}
