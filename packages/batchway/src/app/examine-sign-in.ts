import type { Config } from '../core/config.ts'
import type { Admission } from '../people/admission.ts'
import type { ExamineSignIn, WhoAnswer } from '../people/who.ts'
import { accountRule } from './account-rule.ts'
import type { NameService } from './name-service.ts'

/** What a sign-in would become, step by step, down to the accounts of its jobs. Nothing is changed and nobody is signed in. */
export function openExaminer(
  { clusters }: Pick<Config, 'clusters'>,
  { admission, names }: { readonly admission: Admission; readonly names: Pick<NameService, 'findAccount'> },
): ExamineSignIn {
  const rules = Object.entries(clusters).map(([key, cluster]) => ({ key, accountOf: accountRule(cluster, key) }))

  async function accountWords(account: string): Promise<string> {
    try {
      const found = await names.findAccount(account)
      return found === null ? 'not known on this host' : `uid ${found.uid}, home ${found.home}`
    } catch {
      return 'this host cannot tell now whether it knows it'
    }
  }

  return async (subject, claims): Promise<WhoAnswer> => {
    const examined = await admission.examine({ subject, claims, endsAt: null })
    const { decision } = examined
    if (decision.kind === 'refused') return { examined, accounts: [] }
    const accounts = rules.map(async ({ key, accountOf }) => {
      try {
        const account = await accountOf(decision)
        return { cluster: key, words: `${account} (${await accountWords(account)})` }
      } catch (error) {
        return { cluster: key, words: error instanceof Error ? error.message : String(error) }
      }
    })
    return { examined, accounts: await Promise.all(accounts) }
  }
}
