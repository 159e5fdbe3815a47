import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { type Cluster, drivers, type JobStatus, openCluster, selfTransport, toJobId } from '@batchway/schedulers'

import { loginNames, posixGroupsOf, withLoginNames } from './login-names.ts'

const ended = (id: string, by?: string): JobStatus => ({
  id: toJobId(id),
  name: 'b00aaaaaaaaa01',
  phase: 'ended',
  rawState: 'CANCELLED',
  restarts: 0,
  end: { kind: 'cancelled', ...(by !== undefined && { by }) },
})

const driver = drivers.find(({ id }) => id === 'slurm')
assert.ok(driver)
const clusterOf = (jobs: readonly JobStatus[]): Cluster => ({
  ...openCluster({ key: 'larch', driver, transport: selfTransport('hub'), environment: {} }),
  history: async () => new Map(jobs.map((job) => [job.id, job])),
  historyByName: async () => jobs,
})

describe('login names', () => {
  it('finds root, and leaves a uid that nobody has', async () => {
    const nameOf = loginNames()
    assert.equal(await nameOf('0'), 'root')
    assert.equal(await nameOf('4294967293'), '4294967293')
  })

  it('says by name who cancelled a job, and touches nothing else', async () => {
    const jobs = [ended('1', '1001'), ended('2', 'carol'), ended('3')]
    const cluster = withLoginNames(clusterOf(jobs), async (uid) => `user${uid}`)

    const found = await cluster.history(jobs.map(({ id }) => id))

    assert.deepEqual([...found.values()], [ended('1', 'user1001'), ended('2', 'carol'), ended('3')])
    assert.deepEqual(await cluster.historyByName(['b00aaaaaaaaa01'], 0), [...found.values()])
  })
})

test('groups that cannot be told are no empty list: nobody comes in past a blocked group', async () => {
  assert.ok((await posixGroupsOf('root')).includes('root'))
  await assert.rejects(posixGroupsOf('nobody-of-this-name'), { code: 'sign_in_unavailable' })
})
