/** Finds the end of a response's body, byte for byte. Pure but for its own state. @see RFC 9112 sections 6 and 7 */
import { BadMessage, type BodyFraming, headerOf } from './header-lines.ts'
import type { RawHeaders } from './headers.ts'

export interface BodyReader {
  /**
   * @param take gets the bytes of the body, as views of `bytes`.
   * @returns how many bytes were the body's and its framing's: fewer than there are only when it is over.
   * @throws {BadMessage}
   */
  read(bytes: Buffer, take: (part: Buffer) => void): number
  readonly isOver: boolean
  /** Names and values that came behind the last chunk. */
  readonly trailers: RawHeaders
  /** The connection has ended. @returns whether the body is whole. */
  ended(): boolean
}

export function openBodyReader(framing: BodyFraming): BodyReader {
  switch (framing.kind) {
    case 'none':
      return new LengthReader(0)
    case 'length':
      return new LengthReader(framing.bytes)
    case 'chunked':
      return new ChunkedReader()
    case 'close':
      return untilClosed
  }
}

const noTrailers: RawHeaders = []

class LengthReader implements BodyReader {
  readonly trailers = noTrailers
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  read(bytes: Buffer, take: (part: Buffer) => void): number {
    const count = Math.min(this.#left, bytes.length)
    this.#left -= count
    if (count > 0) take(count === bytes.length ? bytes : bytes.subarray(0, count))
    return count
  }

  get isOver(): boolean {
    return this.#left === 0
  }

  ended(): boolean {
    return this.isOver
  }
}

/** Bytes never say that it is over. */
const untilClosed: BodyReader = {
  trailers: noTrailers,
  read(bytes, take) {
    take(bytes)
    return bytes.length
  },
  isOver: false,
  ended: () => true,
}

const [tab, lf, cr, space, semicolon] = [0x09, 0x0a, 0x0d, 0x20, 0x3b]
/** Digits of a size: the largest is far above what anybody sends, and exact in a number. */
const mostDigits = 12
/** Bytes of what may follow a size, of all that follows sizes in a body, and of all trailers. */
export const mostExtension = 1_024
export const mostExtensions = 16_384
export const mostTrailers = 8_192
/** RFC 9112 7.1.1, without the blanks that nobody may send. */
const extensions =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"))?)+$/
const framingFields: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding'])

const digitOf = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
const isText = (byte: number): boolean => byte === tab || (byte >= space && byte !== 0x7f)

type Place =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'line'
  | 'trailer'
  | 'trailer-lf'
  | 'last-lf'
  | 'over'

class ChunkedReader implements BodyReader {
  #place: Place = 'size'
  #digits = 0
  #left = 0
  /** Bytes of the trailers so far. */
  #extra = 0
  /** Bytes of the extensions so far. */
  #extended = 0
  readonly #trailers: string[] = []
  /** The extension, or the trailer, that is being read. */
  #line = ''

  get trailers(): RawHeaders {
    return this.#trailers
  }

  get isOver(): boolean {
    return this.#place === 'over'
  }

  ended(): boolean {
    return this.isOver
  }

  read(bytes: Buffer, take: (part: Buffer) => void): number {
    let at = 0
    while (at < bytes.length && !this.isOver) {
      if (this.#place === 'data') {
        const count = Math.min(this.#left, bytes.length - at)
        take(bytes.subarray(at, at + count))
        this.#left -= count
        at += count
        if (this.#left === 0) this.#place = 'data-cr'
      } else this.#step(bytes[at++] ?? 0)
    }
    return at
  }

  #step(byte: number): void {
    switch (this.#place) {
      case 'size': {
        const digit = digitOf(byte)
        if (digit >= 0 && this.#digits < mostDigits) {
          this.#left = this.#left * 16 + digit
          this.#digits += 1
          return
        }
        if (this.#digits === 0 || (byte !== cr && byte !== semicolon)) throw new BadMessage('a chunk without a size')
        this.#line = byte === cr ? '' : ';'
        this.#place = byte === cr ? 'size-lf' : 'extension'
        return
      }
      case 'extension':
        if (byte !== cr) {
          this.#line += String.fromCharCode(byte)
          if (!isText(byte) || this.#line.length > mostExtension || ++this.#extended > mostExtensions)
            throw new BadMessage('an extension that is endless, or no text')
          return
        }
        if (!extensions.test(this.#line)) throw new BadMessage('a chunk with an odd extension')
        this.#line = ''
        this.#place = 'size-lf'
        return
      case 'size-lf':
        this.#expect(byte, lf)
        this.#place = this.#left === 0 ? 'line' : 'data'
        return
      case 'data-cr':
        this.#expect(byte, cr)
        this.#place = 'data-lf'
        return
      case 'data-lf':
        this.#expect(byte, lf)
        this.#place = 'size'
        this.#digits = 0
        return
      case 'line':
        if (byte === cr) this.#place = 'last-lf'
        else this.#trailer(byte)
        return
      case 'trailer':
        if (byte !== cr) {
          this.#trailer(byte)
          return
        }
        this.#keep(headerOf(this.#line))
        this.#line = ''
        this.#place = 'trailer-lf'
        return
      case 'trailer-lf':
        this.#expect(byte, lf)
        this.#place = 'line'
        return
      case 'last-lf':
        this.#expect(byte, lf)
        this.#place = 'over'
    }
  }

  #keep([name, value, lower]: readonly [string, string, string]): void {
    // RFC 9110 6.5.1: what says where a body ends cannot come after it.
    if (framingFields.has(lower)) throw new BadMessage('odd trailers')
    this.#trailers.push(name, value)
  }

  #trailer(byte: number): void {
    if (!isText(byte) || ++this.#extra > mostTrailers) throw new BadMessage('odd trailers')
    this.#line += String.fromCharCode(byte)
    this.#place = 'trailer'
  }

  #expect(byte: number, wanted: number): void {
    if (byte !== wanted) throw new BadMessage('a chunk that does not end as it should')
  }
}
