import { pino } from 'pino'
import type { Logger } from '../core/logger.ts'

/** JSON lines on stdout. Whatever is called like a secret is blanked, as a second net: nobody should log one in the first place. */
export function jsonLogger(level: string, name: string): Logger {
  const secrets = ['secret', 'token', 'password', 'psk', 'cookie', 'authorization']
  return pino({
    name,
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secrets.flatMap((key) => [key, `*.${key}`]), censor: '(blanked)' },
  })
}
