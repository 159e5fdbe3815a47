import { installAgent } from '@batchway/agent'
import type { InstalledAgentPlace } from './open-clusters.ts'
import { agentIn, agentOfRelease, ownRelease } from './release.ts'
import type { StatePaths } from './state-paths.ts'

/** Where the agent lies: where the cluster says, else in our own release, else (in a checkout) installed beside the hub's state. */
export function agentPlaces(paths: StatePaths): (directory: string | undefined) => InstalledAgentPlace {
  let own: InstalledAgentPlace | undefined
  return (directory) => {
    if (directory !== undefined) return agentIn(directory)
    own ??= ownAgent(paths)
    return own
  }
}

function ownAgent(paths: StatePaths): InstalledAgentPlace {
  const release = ownRelease()
  if (release !== null) return agentOfRelease(release.root)
  const { dir, node } = installAgent({ target: paths.agents })
  return { directory: dir, node }
}
