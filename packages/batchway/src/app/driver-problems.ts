/** What is wrong with drivers, their settings and their jobs' options: the part of a check that only drivers can tell. */
import { drivers as builtIn, type Driver, forSettings } from '@batchway/schedulers'
import { type ConfigProblem, closest } from '../core/config-error.ts'
import type { LoadedConfig, SiteChecks } from '../core/load-config.ts'
import { inOurWords, schemaProblems } from '../core/schema-problems.ts'
import { optionProblems } from '../profiles/catalogue.ts'
import { findDriver, logReaderName, ownSettings } from './open-clusters.ts'

function unknownDriver(id: string, own: readonly Driver[]): string {
  const ids = [...own, ...builtIn].map((driver) => driver.id)
  const guess = closest(id, ids)
  return `there is no driver "${id}"; ${guess ? `did you mean "${guess}"?` : `known: ${ids.join(', ')}`}`
}

export const driverProblems: SiteChecks = (config, own) => {
  const paths = { localScheduler: `${config.stateDirectory ?? '/'}/local` }
  const ofClusters = [...config.clusters].flatMap(([key, cluster]): ConfigProblem[] => {
    if (cluster === null) return []
    const driver = findDriver(cluster.driver, own)
    if (!driver) return [{ path: `clusters.${key}.driver`, message: unknownDriver(cluster.driver, own) }]
    const result = driver.settings.safeParse(ownSettings(cluster, paths), inOurWords)
    // Whoever is asked through sudo is asked by a program that lies beside the agent.
    if (result.success && driver.secretChannel === 'log' && cluster.transport === 'sudo' && cluster.agent === undefined)
      return [
        {
          path: `clusters.${key}.agent`,
          message: `is needed with ${driver.title}, where others can read job scripts: the hub must be able to read the logs of jobs, by the ${logReaderName} of an installed agent`,
        },
      ]
    if (result.success) return []
    return schemaProblems(driver.settings, result.error.issues, ['clusters', key, 'settings'])
  })
  const driverOf = (key: string): Driver | undefined => {
    const cluster = config.clusters.get(key) ?? null
    const driver = findDriver(cluster?.driver ?? '', own)
    return driver && cluster ? forSettings(driver, ownSettings(cluster, paths)) : driver
  }
  return [...ofClusters, ...optionProblems(config.profiles, driverOf)]
}

export interface DriverCaution {
  readonly cluster: string
  readonly driver: string
  readonly words: string
}

/** What a site should know of the drivers that its clusters use. */
export const cautionsOf = ({ config, drivers }: Pick<LoadedConfig, 'config' | 'drivers'>): readonly DriverCaution[] =>
  Object.entries(config.clusters).flatMap(([key, cluster]) => {
    const driver = findDriver(cluster.driver, drivers)
    return (driver?.cautions ?? []).map((words) => ({ cluster: key, driver: driver?.id ?? '', words }))
  })
