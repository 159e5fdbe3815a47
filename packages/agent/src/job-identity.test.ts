import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jobIdentity, jobMark } from './job-identity.ts'

describe('the job identity', () => {
  const cases: [string, Record<string, string>, { jobId: string; restart: number; node: string }][] = [
    ['Slurm', { SLURM_JOB_ID: '12', SLURMD_NODENAME: 'n1' }, { jobId: '12', restart: 0, node: 'n1' }],
    ['Slurm, requeued', { SLURM_JOB_ID: '12', SLURM_RESTART_COUNT: '2' }, { jobId: '12', restart: 2, node: 'host' }],
    ['Moab', { MOAB_JOBID: 'Moab.7', PBS_JOBID: '9.server' }, { jobId: 'Moab.7', restart: 0, node: 'host' }],
    ['PBS', { PBS_JOBID: '7.server' }, { jobId: '7.server', restart: 0, node: 'host' }],
    ['LSF', { LSB_JOBID: '9', LSB_HOSTS: 'h1 h1' }, { jobId: '9', restart: 0, node: 'h1' }],
    ['Grid Engine', { JOB_ID: '3', RESTARTED: '1' }, { jobId: '3', restart: 1, node: 'host' }],
    ['HTCondor', { _CONDOR_JOB_AD: '/ad' }, { jobId: '41.2', restart: 1, node: 'host' }],
    [
      'local inside a Slurm allocation',
      { SLURM_JOB_ID: '12', BATCHWAY_LOCAL_JOB_ID: 'l1', BATCHWAY_LOCAL_RESTARTS: '3', BATCHWAY_LOCAL_NODE: 'here' },
      { jobId: 'l1', restart: 3, node: 'here' },
    ],
    ['no scheduler', {}, { jobId: '', restart: 0, node: 'host' }],
  ]
  for (const [title, env, identity] of cases)
    it(`is read from ${title}`, () => {
      assert.deepEqual(
        jobIdentity(env, 'host', () => 'ClusterId = 41\nProcId = 2\nNumJobMatches = 2\nNumJobStarts = 0\n'),
        identity,
      )
    })

  it('marks processes by the job they belong to', () => {
    assert.equal(jobMark({ SLURM_JOB_ID: '1', JOB_ID: '2' }), 'SLURM_JOB_ID=1')
    assert.equal(jobMark({ HOME: '/' }), '')
  })
})
