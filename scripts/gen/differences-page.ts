/** Page of what clients of JupyterHub's API find different here. */
import { listedDifferences } from '../../test/differential/differences.ts'
import { cell, page, table } from './markdown.ts'

export const differencesPage = (): string =>
  page(
    'Differences from JupyterHub’s API',
    'test/differential/differences.ts',
    'A test asks a real JupyterHub 5.2 and Batchway the same several hundred requests, with the same users, groups, roles, services and tokens in both: every route, good and bad, by everybody who might ask. Statuses, headers that clients read, and bodies are compared to the letter, but for what two hubs cannot have in common: times, ids, secrets, and the words of a `message`. Beside what follows there is no difference; the test fails for one that is not listed, and for a line that is no longer true.',
    table(
      ['what', 'JupyterHub 5.2', 'Batchway', 'why'],
      listedDifferences.map(({ what, jupyterhub, batchway, why }) =>
        [what, jupyterhub || '–', batchway, why].map(cell),
      ),
    ),
    'What is not compared: answers about how long something takes, shares, and JupyterHub’s pages. What other versions of JupyterHub changed is not listed here: Batchway follows JupyterHub 6 where that is stricter or clearer.',
  )
