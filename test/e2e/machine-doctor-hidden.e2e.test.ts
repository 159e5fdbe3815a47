/** `batchway doctor` in a Slurm of its own with PrivateData=jobs: what it prints is done to the letter, and then all is well. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { linesOf, type Told } from './support/doctor-bed.ts'

describe('batchway doctor where PrivateData=jobs hides the jobs of others', () => {
  /** In a Slurm of its own, since it is reconfigured. */
  let scenes: Record<string, readonly Told[]>
  before(async () => {
    const bench = join(import.meta.dirname, '../../testbench/private-slurm.sh')
    const play = [process.execPath, '--conditions=source', join(import.meta.dirname, 'support/doctor-hidden.ts')]
    const { stdout } = await promisify(execFile)(bench, ['--set', 'PrivateData=jobs', '--', ...play], {
      maxBuffer: 2 ** 24,
      timeout: 900_000,
    })
    scenes = JSON.parse(stdout)
  })
  const lines = (scene: string, check: string): string =>
    linesOf({ code: 0, stdout: '', stderr: '', findings: scenes[scene] ?? [] }, check).join('\n')

  it('names the grant, and tells the rest all the same', () => {
    const visible = lines('hidden', 'job-visible')
    assert.match(visible, /^problem: batchway does not see job \d+ of alice: the list came \d+ times/)
    assert.match(visible, /^ {2}sacctmgr --immediate add user name=batchway account=root adminlevel=Operator$/m)
    assert.match(visible, /^ {2}PrivateData=none$/m)
    for (const check of ['job-start', 'job-home', 'job-hub', 'job-runtime', 'job-cancel'])
      assert.match(lines('hidden', check), /^ok: /, check)
    assert.match(lines('hidden', 'job-accounting'), /^(ok|warning): /)
  })
  it('is suspicious without a job, too', () => {
    for (const scene of ['hidden, without a job', 'hidden again'])
      assert.match(lines(scene, 'scheduler'), /^problem: PrivateData=jobs hides the jobs of others from batchway$/m)
  })
  for (const scene of ['operator', 'coordinator', 'shown'])
    it(`is content when that was done: ${scene}`, () => {
      assert.match(lines(scene, 'job-visible'), /^ok: batchway sees job/)
      assert.match(lines(scene, 'job-accounting'), /^ok: /)
    })
  it('warns when slurmdbd is away, and says what is lost', () => {
    assert.match(lines('without slurmdbd', 'job-accounting'), /^warning: .*\n(.*\n)*Sessions work all the same\./)
    assert.match(lines('without slurmdbd', 'job-visible'), /^ok: /)
  })
})
