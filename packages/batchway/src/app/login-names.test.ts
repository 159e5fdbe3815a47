import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, drivers, type JobStatus, openCluster, selfTransport, toJobId } from '@batchway/schedulers'
import { loginNames, withLoginNames } from './login-names.ts'

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
  it('finds root, and leaves a uid that nobody has, or of which nobody can tell', async () => {
    const root = { name: 'root', uid: 0, home: '/root', shell: '/bin/sh' }
    const nameOf = loginNames({
      findAccount: async (uid) => (uid === '7' ? Promise.reject(new Error('silent')) : uid === '0' ? root : null),
    })
    assert.equal(await nameOf('0'), 'root')
    assert.equal(await nameOf('4294967293'), '4294967293')
    assert.equal(await nameOf('7'), '7')
  })

  it('says by name who cancelled a job, and touches nothing else', async () => {
    const jobs = [ended('1', '1001'), ended('2', 'carol'), ended('3')]
    const cluster = withLoginNames(clusterOf(jobs), async (uid) => `user${uid}`)

    const found = await cluster.history(jobs.map(({ id }) => id))

    assert.deepEqual([...found.values()], [ended('1', 'user1001'), ended('2', 'carol'), ended('3')])
    assert.deepEqual(await cluster.historyByName(['b00aaaaaaaaa01'], 0), [...found.values()])
  })
})
