/** What this host's name service knows of accounts (nsswitch.conf(5)): files, and directories that may be slow or silent. */
import { type Output, parseAccount, type Run, run as runHere, selfTransport } from '@batchway/schedulers'
import { BatchwayError } from '../core/errors.ts'

export interface Account {
  /** As the database writes it: it may know one account by several texts. */
  readonly name: string
  readonly uid: number
  readonly home: string
  readonly shell: string
}

export interface NameService {
  /** @param text a login name, or a uid. @returns null where nobody has it. @throws if nobody can tell. */
  findAccount(text: string): Promise<Account | null>
  /**
   * Names of all groups of an account.
   * @throws {BatchwayError} `sign_in_unavailable` if they are not told: who is blocked by a group must not come in because a directory is silent.
   */
  groupsOf(account: string): Promise<readonly string[]>
}

/** Many starts at once ask for the same few accounts: an answer serves all who ask within this time. */
const keptMs = 5_000

/**
 * Asks getent(1) and, for groups, id(1) of GNU coreutils.
 * @param run starts them: a hub lets its helper do that, since each start copies the page tables of who starts.
 */
export function openNameService(run: Run = runHere, now: () => number = () => performance.now()): NameService {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<Account | null> }>()

  const ask = (file: string, ...args: string[]): Promise<Output> =>
    run(
      { file, args, as: 'hub' },
      {
        transport: selfTransport(''),
        account: '',
        resolve: async (name) => `/usr/bin/${name}`,
        environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
        onLost: 'unavailable',
        timeoutMs: 20_000,
        outputLimitBytes: 1 << 20,
      },
    )

  async function look(text: string): Promise<Account | null> {
    const { exitCode, stdout } = await ask('getent', 'passwd', '--', text)
    if (exitCode === 2) return null // the key was not found; whatever else is no answer
    const account = exitCode === 0 ? parseAccount(stdout) : null
    if (account === null) throw new Error(`getent did not answer (status ${exitCode})`)
    const { name, uid, home, shell } = account
    return { name, uid, home, shell }
  }

  return {
    findAccount(text) {
      for (const [each, { at }] of kept) if (now() - at >= keptMs) kept.delete(each)
      const known = kept.get(text)
      if (known) return known.answer
      const answer = look(text)
      kept.set(text, { at: now(), answer })
      answer.catch(() => kept.delete(text))
      return answer
    },
    async groupsOf(account) {
      const words = 'Your groups cannot be looked up just now. Nobody was signed in. Tell who runs this gateway.'
      const failed = (cause: unknown): BatchwayError => new BatchwayError('sign_in_unavailable', words, { cause })
      const { exitCode, stdout, stderr } = await ask('id', '-Gnz', '--', account).catch((error: unknown) => {
        throw failed(error)
      })
      if (exitCode !== 0) throw failed(new Error(`id ended with ${exitCode}: ${stderr.slice(0, 200)}`))
      // Names may hold blanks, where they come from a directory.
      return stdout.split('\0').filter((name) => name !== '')
    },
  }
}
