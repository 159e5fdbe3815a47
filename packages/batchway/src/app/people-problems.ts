/** What is wrong with the rules about people, beyond their form. */
import type { ConfigProblem } from '../core/config-error.ts'
import type { SiteChecks } from '../core/load-config.ts'
import { letsNobodyIn } from '../people/admission.ts'
import { nameRules } from '../people/name-rules.ts'

export const peopleProblems: SiteChecks = ({ people, admins, signIn }) => {
  if (people === null) return []
  const ofRules = people.names.rules.flatMap((rule, index): ConfigProblem[] => {
    try {
      nameRules([rule])
      return []
    } catch (error) {
      return [{ path: `people.names.rules[${index}]`, message: error instanceof Error ? error.message : String(error) }]
    }
  })
  const problem = allowProblem()
  return problem === null ? ofRules : [...ofRules, { path: 'people.allow', message: problem }]

  function allowProblem(): string | null {
    if (people?.allow !== undefined && letsNobodyIn({ allow: people.allow, admins }))
      return 'lets nobody in: write "everyone", or users, groups or claims'
    // A provider may know the whole world: that everyone may come in must be said.
    if (people?.allow === undefined && signIn.some(({ type }) => type === 'oidc' || type === 'own'))
      return 'is missing: with OpenID Connect write who may come in, and so with a way of your own: users, groups or claims, or "everyone" the provider knows'
    return null
  }
}
