/** Pictures of a theme: which names and kinds there are, and what a drawing may not hold. Pure. */

const types: Readonly<Record<string, string>> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  ico: 'image/x-icon',
}

/** Names with a meaning; others are for `theme_file`. */
export const knownPictures = {
  logo: 'Logo in the head and on the sign-in page, 24 px high there or more',
  'logo-dark': 'The same for dark pages; the logo itself if absent',
  favicon: 'Icon of the browser tab, where a page has no state to tell',
} as const

export interface Picture {
  readonly name: string
  readonly type: string
}

const magic: Readonly<Record<string, RegExp>> = {
  png: /^\x89PNG\r\n/,
  jpg: /^\xff\xd8\xff/,
  webp: /^RIFF....WEBP/s,
  ico: /^\0\0\x01\0/,
}

/** @returns the picture, or why it is none. */
export function judgePicture(name: string, bytes: Uint8Array): Picture | string {
  const ending = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.([a-z]+)$/.exec(name)?.[1] ?? ''
  const type = types[ending]
  if (type === undefined) return `is no picture: name it like "logo.svg"; there are ${Object.keys(types).join(', ')}`
  const text = Buffer.from(bytes).toString('latin1')
  if (ending !== 'svg') return magic[ending]?.test(text) ? { name, type } : `is no ${ending} file`
  if (!/<svg[\s>]/i.test(text)) return 'is no drawing: there is no <svg> in it'
  if (/<!DOCTYPE|<!ENTITY|<\?xml-stylesheet/i.test(text))
    return 'has a document type or a style sheet: save it as plain SVG'
  if (/<script|<foreignObject|<iframe|<animate[^>]*attributeName\s*=\s*["']href|<set[\s>]/i.test(text))
    return 'holds a script or foreign content: save it as plain SVG'
  if (/\son[a-z]+\s*=/i.test(text)) return 'holds a script in an attribute: save it as plain SVG'
  if (/(?:href|src)\s*=\s*["']\s*(?!#|data:image\/(?:png|jpeg|webp);base64)/i.test(text))
    return 'refers to another file: embed it, or leave it out'
  return { name, type }
}
