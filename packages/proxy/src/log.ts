/** The proxy's own small logger: one JSON object per line. Fields first, fixed message second; never tokens, keys, cookies or query strings. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Lowest first; a logger writes its own level and those above. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** @param write takes one complete line, newline included. @param now Unix milliseconds. */
export function jsonLog(write: (line: string) => void, now: () => number, lowest: LogLevel = 'info'): Log {
  const at = (level: LogLevel) => (fields: object, message: string) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(lowest)) return
    write(`${JSON.stringify({ level, time: now(), msg: message, ...fields })}\n`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const nothing = (): void => {}
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** What may be logged of an unknown error: its code or its words, never its properties (they may hold request heads). */
export function errorWords(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? `${error.code}: ${error.message}` : error.message
}
