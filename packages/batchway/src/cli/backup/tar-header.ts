/** Heads of tar archives, whose bytes depend on names, sizes, modes and one time alone. @see POSIX.1-2008 pax(1), "ustar Interchange Format" */

export const block = 512

/** A number as tar writes it: octal digits, then NUL. */
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`

/** `name` and `prefix` of the header: a path of more than 100 bytes is cut at a slash. @throws {RangeError} if it cannot be. */
export function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (!/^[\x20-\x7e]+$/.test(path)) throw new RangeError(`not a path for an archive: ${JSON.stringify(path)}`)
  if (path.length <= 100) return { name: path, prefix: '' }
  // The first slash after which the rest fits.
  const at = path.indexOf('/', path.length - 101)
  if (at === -1 || at > 155) throw new RangeError(`too long for an archive: ${path}`)
  return { prefix: path.slice(0, at), name: path.slice(at + 1) }
}

export interface TarEntry {
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly isFolder: boolean
}

/** @param mtime seconds since 1970. @see POSIX.1-2008 pax(1), "ustar Interchange Format" */
export function tarHeader({ path, mode, size, isFolder }: TarEntry, mtime: number): Buffer {
  if (size >= 8 ** 11) throw new RangeError(`${path} has more than 8 GiB: too large for an archive`)
  const { name, prefix } = splitPath(path)
  const header = Buffer.alloc(block)
  const put = (text: string, at: number): void => void header.write(text, at, 'latin1')
  put(name, 0)
  put(octal(mode, 8), 100)
  put(octal(0, 8), 108)
  put(octal(0, 8), 116)
  put(octal(size, 12), 124)
  put(octal(mtime, 12), 136)
  put(' '.repeat(8), 148)
  put(isFolder ? '5' : '0', 156)
  put('ustar\x0000', 257)
  put('root', 265)
  put('root', 297)
  put(octal(0, 8), 329)
  put(octal(0, 8), 337)
  put(prefix, 345)
  let sum = 0
  for (const byte of header) sum += byte
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

export interface ReadEntry {
  readonly path: string
  readonly size: number
  readonly isFile: boolean
}

const textAt = (header: Buffer, at: number, length: number): string => {
  const field = header.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.subarray(0, end === -1 ? length : end).toString('latin1')
}

/** @returns null for the block of zeros that ends an archive. @throws {Error} if it is no head, or was damaged. */
export function parseTarHeader(header: Buffer): ReadEntry | null {
  const damaged = new Error('not an archive of "batchway backup", or damaged')
  if (header.length !== block) throw damaged
  if (header.every((byte) => byte === 0)) return null
  const sum = Buffer.from(header)
    .fill(' ', 148, 156)
    .reduce((all, byte) => all + byte, 0)
  const number = (at: number, length: number): number => {
    const [, digits] = /^ *([0-7]+) *$/.exec(textAt(header, at, length)) ?? []
    return digits === undefined ? Number.NaN : Number.parseInt(digits, 8)
  }
  const size = number(124, 12)
  if (textAt(header, 257, 5) !== 'ustar' || number(148, 8) !== sum || !Number.isSafeInteger(size)) throw damaged
  const prefix = textAt(header, 345, 155)
  const name = textAt(header, 0, 100)
  return { path: prefix === '' ? name : `${prefix}/${name}`, size, isFile: textAt(header, 156, 1) === '0' }
}
