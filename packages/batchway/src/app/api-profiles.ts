import type { ApiDeps } from '../api/deps.ts'
import type { PeopleService } from '../people/people.ts'
import type { openCatalogue } from '../profiles/catalogue.ts'
import { specChooser } from './spec-chooser.ts'

/** The catalogue as programs see it. */
export function apiProfiles(
  catalogue: ReturnType<typeof openCatalogue>,
  people: Pick<PeopleService, 'savePreferences'>,
): Pick<ApiDeps, 'listProfiles' | 'chooseSpec' | 'rememberChoice'> {
  return {
    listProfiles: (user) =>
      catalogue.offered(user).map(({ key, title, description = '', cluster, application }) => ({
        ...{ key, title, description, cluster, application },
      })),
    chooseSpec: specChooser(catalogue),
    async rememberChoice(owner, spec) {
      const lastChoice = await catalogue.recall(owner, spec)
      if (lastChoice !== null) await people.savePreferences(owner.id, { lastChoice })
    },
  }
}
