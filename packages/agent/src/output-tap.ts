import { StringDecoder } from 'node:string_decoder'
import { redact } from './redact.ts'

const maxLines = 200
const maxBytes = 64 * 1024
const maxLine = 8 * 1024

/** Takes the application's output: passes it on line by line without secrets, and remembers the last lines for the report. */
export interface OutputTap {
  /** A writer for one stream; each keeps its own unfinished line. */
  stream(): { write(chunk: Buffer): void; end(): void }
  /** At most 200 lines and 64 KiB. */
  lines(): string[]
}

/** @param passOn gets complete lines, each with its line feed. */
export function openOutputTap(secrets: readonly string[], passOn: (text: string) => void): OutputTap {
  const kept: string[] = []
  let bytes = 0
  const longest = secrets.reduce((most, secret) => Math.max(most, secret.length), 1)

  const keep = (line: string): void => {
    kept.push(line)
    bytes += Buffer.byteLength(line) + 1
    while (kept.length > maxLines || bytes > maxBytes) bytes -= Buffer.byteLength(kept.shift() ?? '') + 1
  }
  const emit = (lines: readonly string[]): void => {
    if (lines.length === 0) return
    for (const line of lines) keep(line)
    passOn(`${lines.join('\n')}\n`)
  }

  const stream = () => {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    const take = (text: string): void => {
      const lines = redact(rest + text, secrets).split('\n')
      rest = lines.pop() ?? ''
      const ready = lines.flatMap(fold)
      while (rest.length > maxLine + longest) {
        ready.push(rest.slice(0, maxLine)) // what stays is longer than any secret that may still be incomplete
        rest = rest.slice(maxLine)
      }
      emit(ready)
    }
    return {
      write: (chunk: Buffer) => take(decoder.write(chunk)),
      end: () => {
        take(decoder.end())
        if (rest !== '') emit([rest])
        rest = ''
      },
    }
  }
  return { stream, lines: () => [...kept] }
}

const fold = (line: string): string[] =>
  line.length <= maxLine ? [line] : (line.match(new RegExp(`.{1,${maxLine}}`, 'gsu')) ?? [])
