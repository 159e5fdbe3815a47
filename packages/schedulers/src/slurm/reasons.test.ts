import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readReason } from './reasons.ts'

describe('readReason', () => {
  for (const [reason, kind] of [
    ['Priority', 'normal'],
    ['Resources', 'normal'],
    ['BeginTime', 'normal'],
    ['ReqNodeNotAvail, UnavailableNodes:n[1-3]', 'normal'],
    ['Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions', 'normal'],
    ['PartitionDown', 'normal'],
    ['PartitionInactive', 'normal'],
    ['SomethingSlurmWillInventNextYear', 'normal'],
    ['', 'normal'],
    ['JobHeldUser', 'held'],
    ['JobHeldAdmin', 'held'],
    ['launch failed requeued held', 'held'],
    ['user env retrieval failed requeued held', 'held'],
    ['QOSMaxCpuPerUserLimit', 'user-limit'],
    ['QOSMaxJobsPerUserLimit', 'user-limit'],
    ['AssocMaxJobsLimit', 'user-limit'],
    ['MaxSubmitJobsPerUser', 'user-limit'],
    ['JobArrayTaskLimit', 'user-limit'],
    ['AssocGrpCPUMinutesLimit', 'group-limit'],
    ['QOSGrpGRES', 'group-limit'],
    ['AssocGrpBillingMinutes', 'group-limit'],
    ['PartitionConfig', 'never'],
    ['PartitionTimeLimit', 'never'],
    ['BadConstraints', 'never'],
    ['InvalidAccount', 'never'],
    ['QOSMaxCpuPerJobLimit', 'never'],
    ['AssocMaxWallDurationPerJobLimit', 'never'],
    ['QOSMaxWallDurationPerJobLimit', 'never'],
    ['AssocMaxCpuPerNode', 'never'],
    ['QOSMaxNodePerNodeLimit', 'never'],
    ['QOSTimeLimit', 'never'],
    ['AssocTimeLimit', 'never'],
    ['TimeLimit', 'never'],
    ['PartitionNodeLimit', 'never'],
    ['InvalidQOS', 'never'],
    ['AccountNotAllowed', 'never'],
    ['QOSNotAllowed', 'never'],
    ['DependencyNeverSatisfied', 'never'],
    ['ReservationDeleted', 'never'],
    ['ReservationInvalid', 'never'],
    ['QOSMinGRES', 'never'],
    ['AssociationMissing', 'never'],
    ['JobHoldMaxRequeue', 'held'],
    ['QOSJobLimit', 'user-limit'],
    ['AssociationJobLimit', 'user-limit'],
    ['QOSUsageThreshold', 'group-limit'],
    ['QOSResourceLimit', 'group-limit'],
    ['AssociationResourceLimit', 'group-limit'],
  ] as const)
    it(`takes ${reason || 'no reason'} for ${kind}`, () => assert.equal(readReason(reason), kind))

  it('takes no word for another that only holds it: `never` costs a session its place', () => {
    for (const word of [
      'QOSMaxCpuPerJobLimit',
      'QOSTimeLimit',
      'BadConstraints',
      'PartitionConfig',
      'InvalidQOS',
      'DependencyNeverSatisfied',
      'ReservationInvalid',
      'JobHeldUser',
      'JobHoldMaxRequeue',
    ]) {
      assert.equal(readReason(`Not${word}`), 'normal')
      assert.ok(['normal', 'user-limit'].includes(readReason(`${word} 2`)), word)
    }
    for (const word of ['QOSGrpGRES', 'AssocMaxJobsLimit', 'JobArrayTaskLimit'])
      assert.equal(readReason(`Not${word}`), 'normal')
  })
})
