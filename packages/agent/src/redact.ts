import type { ClaimReply, Ticket } from './protocol.ts'

const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|_KEY$/i
/** Shorter values are words, not secrets; replacing them would only make logs unreadable. */
const shortestSecret = 8

/** Every text that must never leave this process by a log or a report. */
export function secretsOf(ticket: Ticket, claim: ClaimReply | null): string[] {
  const { application, claimToken, psk } = claim ?? {}
  const ordered = Object.entries(application?.environment ?? {}).flatMap(([name, value]) =>
    secretName.test(name) ? [value] : [],
  )
  const all = [
    ticket.secret,
    claimToken,
    psk?.key,
    application?.gate?.apiToken,
    application?.gate?.appToken,
    ...ordered,
  ]
  const plain = all.filter((value) => value !== undefined).filter((value) => value.length >= shortestSecret)
  const forms = plain.flatMap((value) => [value, encodeURIComponent(value), Buffer.from(value).toString('base64')])
  return [...new Set(forms)].sort((a, b) => b.length - a.length) // the longest first: one secret may contain another
}

/** Replace every secret in a text. */
export const redact = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
