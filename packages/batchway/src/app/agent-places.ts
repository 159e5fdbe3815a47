import { realpathSync } from 'node:fs'
import { installAgent } from '@batchway/agent'
import type { InstalledAgentPlace } from './open-clusters.ts'
import type { StatePaths } from './state-paths.ts'

/** Where the agent lies: where the cluster says, else installed beside the hub's state. */
export function agentPlaces(paths: StatePaths): (directory: string | undefined) => InstalledAgentPlace {
  let installed: InstalledAgentPlace | undefined
  return (directory) => {
    if (directory !== undefined) {
      // The version is fixed here: a job that runs keeps the agent that its script names.
      const version = realpathSync(`${directory}/current`)
      return { directory: version, node: `${version}/runtime/${process.platform}-${process.arch}/bin/node` }
    }
    if (!installed) {
      const { dir, node } = installAgent({ target: paths.agents })
      installed = { directory: dir, node }
    }
    return installed
  }
}
