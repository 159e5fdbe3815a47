/** Name and password of this machine's accounts. PAM is asked by saslauthd, since the hub is nobody who may. */
import { BatchwayError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { defineLogin, type FormLogin } from '../login.ts'
import { isAskable, NoAnswer, type PasswordAnswer, type PasswordQuestion } from './saslauthd.ts'

export interface PamSettings {
  readonly id: string
  readonly button: string
  /** File in /etc/pam.d. */
  readonly service: string
}

export interface PamRoom {
  ask(question: PasswordQuestion): Promise<PasswordAnswer>
  /** Names of the POSIX groups of an account; null = they are not told. */
  readonly groupsOf: ((account: string) => Promise<readonly string[]>) | null
  readonly log: Logger
}

/** What an administrator does about a daemon that does not answer. */
const pamAdvice: Readonly<Record<string, string>> = {
  ENOENT: 'saslauthd does not run: install it (Debian: sasl2-bin, others: cyrus-sasl) and start it with "-a pam"',
  ECONNREFUSED: 'saslauthd does not run any more: start it with "-a pam"',
  EACCES: 'the hub’s account may not use the socket of saslauthd: add it to the group that owns it (Debian: sasl)',
  ETIMEDOUT: 'saslauthd does not answer in time: look at what the PAM service waits for',
  EPAM: 'PAM cannot be started: look at the file of the service in /etc/pam.d',
}

export function pamLogin({ id, button, service }: PamSettings, { ask, groupsOf, log }: PamRoom): FormLogin {
  return defineLogin<FormLogin>({
    kind: 'form',
    id,
    button,
    hasPassword: true,
    warning: null,
    async identify({ username, password, address }) {
      // An empty password is never asked about: some stacks take it for an anonymous bind and say yes.
      if (!isAskable(username) || !isAskable(password) || !isName(username)) return null
      let answer: PasswordAnswer
      try {
        answer = await ask({ username, password, service })
      } catch (error) {
        const code = error instanceof NoAnswer ? error.code : 'unknown'
        log.error({ login: id, code, advice: pamAdvice[code] ?? 'look at the log of saslauthd' }, 'PAM cannot be asked')
        const words = 'Passwords cannot be checked just now. Nobody was signed in. Tell who runs this gateway.'
        throw new BatchwayError('sign_in_unavailable', words, { cause: error })
      }
      if (answer.kind === 'right') return { subject: username, claims: await claimsOf(username), endsAt: null }
      log.info({ login: id, why: answer.kind, address }, 'password sign-in was refused')
      // Only who knows the password learns it.
      if (answer.kind === 'no-account')
        throw new BatchwayError(
          'invalid_choice',
          'Your account may not sign in: it has expired or is locked, or its password must be changed first.',
        )
      return null
    },
  })

  async function claimsOf(username: string): Promise<Readonly<Record<string, readonly string[]>>> {
    if (groupsOf === null) return {}
    return { groups: await groupsOf(username) }
  }
}

/** What cannot be an account is not asked about: no options, no lines, no paths. What it may be called is for `admission` to say. */
const isName = (text: string): boolean => !/[\p{Cc}\p{Z}/:]/u.test(text) && !text.startsWith('-')
