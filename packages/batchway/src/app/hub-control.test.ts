import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ProxyUnavailable } from '@batchway/proxy'
import { BatchwayError } from '../core/errors.ts'
import type { Session } from '../sessions/session.ts'
import { openHubControl } from './hub-control.ts'

test('a hub that is told to stop asks its sessions first if it shall, and then ends after its answer', async () => {
  const calls: string[] = []
  // Only its id is looked at.
  const running: Pick<Session, 'id'>[] = [{ id: 's1' }, { id: 's2' }]
  const control = openHubControl({
    proxy: {
      listRoutes: async () => {
        throw new ProxyUnavailable('no answer')
      },
    },
    sessions: {
      listActive: async () => running as Session[],
      stop: async (id, by) => {
        calls.push(`stop ${id} ${by}`)
        return running[0] as Session
      },
      mendRoutes: async () => 0,
    },
    drivers: [
      { key: 'a', title: 'A', driver: 'slurm' },
      { key: 'b', title: 'B', driver: 'slurm' },
    ],
    logins: [],
    host: { stop: () => void calls.push('end') },
  })
  assert.deepEqual(control.about.drivers, ['slurm'])
  await control.shutDown({ servers: false, by: 'root' })
  assert.deepEqual(calls, [], 'not before the answer')
  await setImmediate()
  assert.deepEqual(calls, ['end'])
  calls.length = 0
  await control.shutDown({ servers: true, by: 'root' })
  await setImmediate()
  assert.deepEqual(calls, ['stop s1 root', 'stop s2 root', 'end'])
  await assert.rejects(
    control.listRoutes(),
    (error) => error instanceof BatchwayError && error.code === 'proxy_unavailable',
  )
})
