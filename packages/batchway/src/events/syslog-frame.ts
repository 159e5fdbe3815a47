/** RFC 5424 messages, and how a stream tells one from the next. Pure. */
import type { Severity } from './event-table.ts'

/** @see RFC 5424, table 1 */
const facilities = {
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const
export type Facility = keyof typeof facilities

/** @see RFC 5424, table 2 */
const severities: Readonly<Record<Severity, number>> = { error: 3, warning: 4, notice: 5, info: 6 }

/** The number in angle brackets with which every message begins. */
export const priorityOf = (facility: Facility, severity: Severity): number =>
  facilities[facility] * 8 + severities[severity]

export interface SyslogHeader {
  readonly facility: Facility
  readonly appName: string
  readonly host: string
  readonly pid: number
}

/** PRINTUSASCII without blanks, at most so long; `-` for nothing. @see RFC 5424, section 6 */
const headerWord = (text: string, longest: number): string =>
  text.replace(/[^\x21-\x7e]/g, '_').slice(0, longest) || '-'

/**
 * @param at Unix ms.
 * @param messageId the event's name.
 * @param text one line, sent as UTF-8 without a byte order mark: daemons keep it in the text, where programs stumble over it.
 */
export function syslogMessage(
  header: SyslogHeader,
  { at, severity, messageId, text }: { at: number; severity: Severity; messageId: string; text: string },
): string {
  const words = [headerWord(header.host, 255), headerWord(header.appName, 48), header.pid, headerWord(messageId, 32)]
  return `<${priorityOf(header.facility, severity)}>1 ${new Date(at).toISOString()} ${words.join(' ')} - ${text}`
}

/** Octet counting: what is in a message cannot end it. @see RFC 6587, section 3.4.1 */
export function octetCounted(message: string): Buffer {
  const body = Buffer.from(message)
  return Buffer.concat([Buffer.from(`${body.length} `), body])
}
