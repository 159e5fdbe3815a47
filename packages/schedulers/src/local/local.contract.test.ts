import { readFile } from 'node:fs/promises'
import { openCluster } from '../cluster.ts'
import { driverContract } from '../testing.ts'
import { selfTransport } from '../transport.ts'
import { local } from './local.ts'
import { localBed, me } from './testing-bed.ts'

const canary = { name: 'BATCHWAY_CANARY', value: 'canary-77c1e0' }

driverContract('local', async () => {
  // The scheduler inherits from whoever starts it, so it must not hand that on either.
  process.env[canary.name] = canary.value
  const bed = await localBed()
  // Always a core short of the whole machine, so that a job which wants all of it waits.
  await bed.running(await bed.submit('sleep 600'))
  return {
    cluster: openCluster({
      key: 'here',
      driver: local,
      transport: selfTransport(me),
      settings: { state: bed.state },
      environment: process.env,
    }),
    canary,
    account: me,
    workdir: bed.folder,
    readFile: (path: string) => readFile(path, 'utf8').catch(() => null),
    refused: { resources: { cores: 64 }, words: /^asks for 64 cores, this machine offers 4$/ },
    pending: { resources: { cores: 4 } },
    close: () => bed[Symbol.asyncDispose](),
  }
})
