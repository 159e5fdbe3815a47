/**
 * Cuts a stream of bytes into lines.
 * @param limitBytes a longer line is an error: whoever speaks must not fill our memory.
 * @returns what takes the next bytes. @throws {RangeError} on a line that is too long, also before it has ended.
 */
export function readLines(limitBytes: number, onLine: (line: string) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let bytes = 0
  return (chunk) => {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end))
      const line = Buffer.concat(parts)
      parts = []
      bytes = 0
      from = end + 1
      if (line.length > limitBytes) throw new RangeError(`a line of more than ${limitBytes} bytes`)
      onLine(line.toString('utf8'))
    }
    const rest = chunk.subarray(from)
    bytes += rest.length
    if (bytes > limitBytes) throw new RangeError(`a line of more than ${limitBytes} bytes`)
    if (rest.length > 0) parts.push(rest)
  }
}
