/** Gathers what `judge-host-names.ts` judges: asks the resolver of this machine. */
import { lookup } from 'node:dns/promises'
import { applicationPlaces } from '../../core/application-hosts.ts'
import type { Config } from '../../core/config.ts'
import type { HostNameFacts } from './judge-host-names.ts'

/**
 * @param random hexadecimal text: a name that no record can be meant for.
 * @param resolve addresses of a name; rejects if there are none.
 * @returns null where applications share the hub's host.
 */
export async function lookAtHostNames(
  config: Config,
  random: (bytes: number) => string,
  resolve: (name: string) => Promise<readonly string[]> = addressesOf,
): Promise<HostNameFacts | null> {
  const { domain, isHostBound } = applicationPlaces(config)
  if (domain === null) return null
  const hub = new URL(config.url).hostname
  const madeUp = `doctor-${random(6)}.${domain}`
  const orNone = (name: string) => resolve(name).catch((): readonly string[] => [])
  const [hubLeadsTo, madeUpLeadsTo] = await Promise.all([orNone(hub), orNone(madeUp)])
  return { hub, domain, madeUp, hubLeadsTo, madeUpLeadsTo, isHostBound }
}

const addressesOf = async (name: string): Promise<readonly string[]> =>
  (await lookup(name, { all: true })).map(({ address }) => address)
