/** The audit log: who did what to whom, when, from where. Append-only, in the database and as a line of the log each. */
import type { Logger } from '../core/logger.ts'
import type { AuditEntry, AuditStore } from '../store/audit-store.ts'

export type { StoredAuditEntry } from '../store/audit-store.ts'
/** The newest entries that fit, oldest first. */
export type ReadAudit = AuditStore['list']

/** The closed list of what is recorded, each with its meaning: `batchway audit --help` and the reference show it. */
export const auditActions = {
  'sign-in': 'a person signed in, or was refused',
  'sign-out': 'a sign-in was ended by its person, or everywhere',
  'link-created': 'a one-time sign-in link was made',
  'link-used': 'a one-time sign-in link was used, or one that is not valid (any more) was tried',
  'user-created': 'a person became known to the gateway',
  'user-renamed': 'a person got another name',
  'user-removed': 'a person was removed, with tokens and sign-ins',
  'admin-granted': 'a person became an administrator',
  'admin-revoked': 'a person is an administrator no longer',
  'group-changed': 'the groups of a person were changed',
  'group-created': 'a group was made',
  'group-removed': 'a group was removed, with its memberships',
  'group-properties': 'the properties of a group were replaced',
  'token-created': 'an API token was made',
  'token-revoked': 'an API token was revoked',
  'oauth-granted': 'a person let an application know who they are',
  'oauth-token': 'an application changed a code into a token, or was refused',
  'session-start': 'a session was asked for',
  'session-stop': 'a session was asked to end',
  'session-end': 'a session has ended, with its outcome',
  'server-created': 'a named server was made without a start',
  'server-renamed': 'a named server got another name, another title, or other options',
  'server-removed': 'a named server was deleted; it was stopped if it ran',
  'share-granted': 'somebody was given access to a server, or more of it',
  'share-removed': 'access to a server was taken back, or given back',
  'share-code-created': 'a code was made that others can exchange for access to a server',
  'share-code-removed': 'codes for access to a server were taken back',
  'share-accepted': 'a person exchanged a code for access to a server',
  announced: 'something was announced on top of the pages',
  'announcement-withdrawn': 'an announcement was taken down',
  'drain-begun': 'a cluster, or without an object the whole site, takes no new sessions',
  'drain-ended': 'new sessions are taken again',
  'hub-stopped': 'the hub was told to stop, through the API',
  'config-loaded': 'the hub started with a configuration',
  'audit-purged': 'entries from before the time named (Unix milliseconds) were removed',
} as const
export type AuditAction = keyof typeof auditActions

export const isAuditAction = (text: string): text is AuditAction => Object.hasOwn(auditActions, text)

export interface AuditInput {
  /** A user's name, or one of `system`, `anonymous`, `operator` (someone at the command line); of an application the id of its client. */
  readonly actor: string
  readonly action: AuditAction
  readonly object?: string
  readonly address?: string
  readonly way?: string
  readonly outcome?: 'ok' | 'refused'
  /** Never a secret; fixed words where possible. */
  readonly detail?: string
}

/**
 * Record something. Resolves when it is written, or when that failed: then the log says so loudly and holds the whole entry, for
 * nobody may be kept from stopping a session or signing out because a disk is full.
 */
export type Audit = (entry: AuditInput) => Promise<void>

/** What shows entries to administrators may be a terminal: nothing in a name may steer it, turn text around or hide. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu
/** Whatever looks like a token, a key or a cookie is one too many. */
const tokenLike = /(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{32,}/gi

/** A text of strangers as one printable line of at most `longest` characters. */
export function auditText(text: string, longest: number): string {
  const clean = text
    .slice(0, longest * 2)
    .toWellFormed()
    .replace(unprintable, '\ufffd')
    .replace(tokenLike, '(removed)')
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1).toWellFormed()}…`
}

export function toAuditEntry(input: AuditInput, at: number): AuditEntry {
  return {
    at,
    actor: auditText(input.actor, 128),
    action: input.action,
    object: auditText(input.object ?? '', 256),
    address: auditText(input.address ?? '', 64),
    way: auditText(input.way ?? '', 32),
    outcome: input.outcome ?? 'ok',
    detail: auditText(input.detail ?? '', 256),
  }
}

export interface AuditParts {
  readonly store: Pick<AuditStore, 'append'>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly log: Logger
}

export function openAudit({ store, now, log }: AuditParts): Audit {
  return async (input) => {
    const entry = toAuditEntry(input, now())
    try {
      await store.append(entry)
      log.info({ audit: entry }, 'audit')
    } catch (error) {
      log.error({ audit: entry, error: String(error) }, 'audit entry not written')
    }
  }
}
