import { oldestProtocol, protocolVersion } from '@batchway/agent'
import type { ReleaseFacts } from '../../packages/batchway/src/app/release.ts'
import { migrations } from '../../packages/batchway/src/store/migrations/migrations.ts'
import type { ProductionPackage } from './production-packages.ts'

/** What a release says of itself: nothing of when, where or by whom it was built. */
export function releaseFacts(given: {
  readonly version: string
  readonly kind: string
  readonly packages: readonly ProductionPackage[]
}): ReleaseFacts {
  const runtime = given.packages.find(({ name }) => name === `node-${given.kind}`)
  if (runtime === undefined) throw new Error(`the package node-${given.kind} is not installed`)
  return {
    version: given.version,
    platform: given.kind,
    runtime: runtime.version,
    database: migrations.length,
    agentProtocol: { oldest: oldestProtocol, newest: protocolVersion },
  }
}
