/**
 * What a way to sign in keeps with each sign-in (`Kept` in `login.ts`): sealed at rest; asked about again now and then; and how the
 * provider ends a sign-in from its side.
 */
import type { Logger } from '../core/logger.ts'
import { openSealedText, sealText } from '../core/sealed-text.ts'
import type { KeptRow, KeptSignInStore } from '../store/kept-sign-in-store.ts'
import type { Admission } from './admission.ts'
import type { Audit } from './audit.ts'
import type { Kept, Login, RedirectLogin } from './login.ts'
import type { People } from './people.ts'
import { hashOf } from './secrets.ts'

export interface KeptSignIns {
  remember(signInId: string, way: string, kept: Kept): Promise<void>
  /** @returns null if nothing is kept, or it cannot be opened any more. */
  find(signInId: string): Promise<{ readonly way: string; readonly text: string } | null>
  /** The provider says that these have signed out there. @returns how many sign-ins that ended. */
  endedThere(way: string, handles: readonly string[]): Promise<number>
  /**
   * Ask the providers about the sign-ins whose time has come. What a provider refuses, and what admission refuses now, ends; silence
   * ends nothing. To be called every minute.
   */
  recheck(): Promise<void>
}

export interface KeptParts {
  readonly store: KeptSignInStore
  readonly people: Pick<People, 'signOut' | 'findUserById'>
  readonly admission: Pick<Admission, 'admit'>
  readonly logins: readonly Login[]
  readonly audit: Audit
  readonly log: Logger
  /** 32 bytes, for this alone. */
  readonly key: Buffer
  readonly random: (bytes: number) => Buffer
  readonly now: () => number
}

/** So many are asked about in one go: providers limit how often they are asked. */
const atOnce = 100
/** After silence it is asked again so soon. */
const retryMs = 300_000

export function openKeptSignIns(parts: KeptParts): KeptSignIns {
  const { store, people, admission, logins, audit, log, key, random, now } = parts
  const context = (signInId: string): string => `kept\n${signInId}`
  const seal = (signInId: string, text: string): string => sealText(key, context(signInId), text, random(12))
  const hashed = (way: string, handle: string): string => hashOf(`${way}\n${handle}`)
  let running: Promise<void> | null = null

  async function end({ signInId, userId }: Pick<KeptRow, 'signInId' | 'userId'>, way: string, detail: string) {
    const user = await people.findUserById(userId)
    await people.signOut(signInId)
    await audit({ actor: 'system', action: 'sign-out', object: user?.name ?? '', way, detail })
  }

  async function askAbout(login: RedirectLogin, row: KeptRow): Promise<void> {
    const { recheck } = login
    if (recheck === undefined || !(await store.claim(row.signInId, row.askedAt, now()))) return
    const text = openSealedText(key, context(row.signInId), row.sealed)
    // The hub's key is another one now: what cannot be asked about must not go on for ever.
    if (text === null) return end(row, login.id, 'what was kept of it cannot be opened any more')
    try {
      const arrival = await recheck.ask(text)
      if (arrival === null) return await end(row, login.id, 'the provider refuses')
      // First of all: a refresh token that was used is worth nothing.
      if (arrival.kept !== undefined) await store.replace(row.signInId, seal(row.signInId, arrival.kept.text))
      const admitted = await admission.admit(arrival)
      if ('refused' in admitted) return await end(row, login.id, admitted.trail.at(-1) ?? 'not admitted')
      if (admitted.user.id !== row.userId) await end(row, login.id, 'it stands for another user now')
    } catch (error) {
      log.warn(
        { login: login.id, error: error instanceof Error ? error.name : 'unknown' },
        'cannot ask about a sign-in',
      )
      await store.setAskedAt(row.signInId, now() - Math.max(0, recheck.everySeconds * 1_000 - retryMs))
    }
  }

  async function recheckAll(): Promise<void> {
    for (const login of logins) {
      if (login.kind !== 'redirect' || login.recheck === undefined) continue
      const rows = await store.due(login.id, now() - login.recheck.everySeconds * 1_000, atOnce)
      for (const row of rows) await askAbout(login, row)
    }
  }

  return {
    remember: (signInId, way, { text, handles }) =>
      store.insert(
        signInId,
        { way, sealed: seal(signInId, text), handleHashes: handles.map((handle) => hashed(way, handle)) },
        now(),
      ),
    find: async (signInId) => {
      const found = await store.find(signInId)
      const text = found === null ? null : openSealedText(key, context(signInId), found.sealed)
      return found === null || text === null ? null : { way: found.way, text }
    },
    endedThere: async (way, handles) => {
      const ended = new Set<string>()
      for (const handle of handles)
        for (const row of await store.findByHandle(way, hashed(way, handle))) {
          if (ended.has(row.signInId)) continue
          ended.add(row.signInId)
          await end(row, way, 'signed out at the provider')
        }
      return ended.size
    },
    recheck: () => {
      running ??= recheckAll().finally(() => {
        running = null
      })
      return running
    },
  }
}
