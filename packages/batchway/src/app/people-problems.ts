/** What is wrong with the rules about people, beyond their form. */
import type { ConfigProblem } from '../core/config-error.ts'
import type { SiteChecks } from '../core/load-config.ts'
import { letsNobodyIn } from '../people/admission.ts'
import { nameRules } from '../people/name-rules.ts'

export const peopleProblems: SiteChecks = ({ people, admins }) => {
  if (people === null) return []
  const ofRules = people.names.rules.flatMap((rule, index): ConfigProblem[] => {
    try {
      nameRules([rule])
      return []
    } catch (error) {
      return [{ path: `people.names.rules[${index}]`, message: error instanceof Error ? error.message : String(error) }]
    }
  })
  const ofAllow = letsNobodyIn({ allow: people.allow, admins })
    ? [{ path: 'people.allow', message: 'lets nobody in: write "everyone", or users, groups or claims' }]
    : []
  return [...ofRules, ...ofAllow]
}
