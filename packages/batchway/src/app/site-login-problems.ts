/** What is wrong with the site's own ways to sign in, and with where they are named. */
import type { ConfigProblem } from '../core/config-error.ts'
import type { SiteChecks } from '../core/load-config.ts'
import { problemOfSiteLogin } from '../people/login.ts'

export const siteLoginProblems: SiteChecks = ({ signIn }, _drivers, logins = []) => {
  const named = signIn.flatMap((way, index) => (way.type === 'own' ? [{ id: way.id, index }] : []))
  const known = logins.map(({ id }) => id)
  const list = known.length === 0 ? 'it has none; YAML cannot hold code' : `it has ${known.join(', ')}`
  return [
    ...named.flatMap(({ id, index }): ConfigProblem[] =>
      known.includes(id)
        ? []
        : [{ path: `signIn[${index}].id`, message: `"${id}" is not among "logins" of batchway.config.ts: ${list}` }],
    ),
    ...logins.flatMap((login, index): ConfigProblem[] => {
      const problem =
        problemOfSiteLogin(login) ??
        (known.indexOf(login.id) !== index
          ? `"${login.id}" is there twice`
          : named.some(({ id }) => id === login.id)
            ? null
            : `"${login.id}" is not used: write { type: 'own', id: '${login.id}' } into "signIn", or take it out`)
      return problem === null ? [] : [{ path: `logins[${index}]`, message: problem }]
    }),
  ]
}
