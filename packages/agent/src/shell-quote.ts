/** A value that must not become part of a shell script. */
export class UnsafeShellValue extends Error {
  override readonly name = 'UnsafeShellValue'
}

/** Quote a value as one word of POSIX sh. @throws {UnsafeShellValue} on control characters: no path, module name or URL needs one. */
export function shellQuote(value: string): string {
  if (/[\x00-\x1f\x7f]/.test(value)) throw new UnsafeShellValue('control characters are refused in job scripts')
  return quoted(value)
}

/** Quote text of several lines (a site's prologue) as one word. @throws {UnsafeShellValue} on control characters other than tab and line feed. */
export function shellQuoteText(text: string): string {
  const lines = text.replaceAll('\r\n', '\n')
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(lines))
    throw new UnsafeShellValue('control characters are refused in job scripts')
  return quoted(lines)
}

const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`
