import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Command, type JobList, type JobStatus, type Output, SchedulerError, toJobId } from './driver.ts'
import { openExplainer } from './explain.ts'

const troubled = (id: string, rawState = 'Eqw'): JobStatus => ({
  id: toJobId(id),
  name: 'bw-1',
  phase: 'pending',
  wait: 'never',
  reason: 'Something is wrong.',
  rawState,
  restarts: 0,
})
const fine: JobStatus = { id: toJobId('1'), name: 'bw-2', phase: 'running', rawState: 'r', restarts: 0 }
const listOf = (...jobs: readonly JobStatus[]): JobList => ({ complete: true, jobs })

/** Reasons are what `answer` says; the calls are written down. */
function open(answer: (ids: readonly string[]) => string) {
  const asked: string[][] = []
  const explainer = openExplainer(
    {
      needs: ({ rawState }) => rawState.includes('E'),
      command: (ids) => ({ file: 'why', args: ids, as: 'hub' }),
      parse: ({ stdout }) =>
        new Map(
          stdout
            .split('\n')
            .filter(Boolean)
            .map((line) => [toJobId(line.split('=')[0] ?? ''), line.split('=')[1] ?? '']),
        ),
    },
    {},
    async ({ args }: Command): Promise<Output> => {
      asked.push([...args])
      return { exitCode: 0, stdout: answer(args), stderr: '' }
    },
  )
  return { explainer, asked }
}
const reasonOf = ({ jobs }: JobList, id: string): string | undefined => jobs.find((job) => job.id === id)?.reason

describe('the reasons of a list', () => {
  it('are asked for once for each state of a job, and not where all is well', async () => {
    const { explainer, asked } = open((ids) => ids.map((id) => `${id}=No folder.`).join('\n'))
    await explainer(listOf(fine))
    for (let i = 0; i < 3; i += 1)
      assert.equal(reasonOf(await explainer(listOf(fine, troubled('7'))), '7'), 'No folder.')
    await explainer(listOf(troubled('7', 'Ehqw'), troubled('8')))
    assert.deepEqual(asked, [['7'], ['7', '8']])
  })
  it('are forgotten with the job', async () => {
    const { explainer, asked } = open((ids) => ids.map((id) => `${id}=x`).join('\n'))
    await explainer(listOf(troubled('7')))
    await explainer(listOf())
    await explainer(listOf(troubled('7')))
    assert.equal(asked.length, 2)
  })
  it('leave what the list said where the scheduler gives none', async () => {
    const { explainer, asked } = open(() => '')
    for (let i = 0; i < 2; i += 1) {
      const { jobs } = await explainer(listOf(troubled('7')))
      assert.deepEqual(jobs, [troubled('7')])
    }
    assert.equal(asked.length, 1)
  })
  it('make a state unknown while they cannot be had, and are asked for again', async () => {
    let isDown = true
    const { explainer } = open(() => {
      if (isDown) throw new SchedulerError('unavailable', 'down')
      return '7=No folder.'
    })
    const { complete, jobs } = await explainer(listOf(fine, troubled('7')))
    assert.equal(complete, true)
    assert.deepEqual(
      jobs.map(({ phase, wait, reason }) => [phase, wait, reason]),
      [
        ['running', undefined, undefined],
        ['unknown', undefined, undefined],
      ],
    )
    isDown = false
    assert.equal(reasonOf(await explainer(listOf(troubled('7'))), '7'), 'No folder.')
  })
  it('are asked for in calls of a hundred', async () => {
    const { explainer, asked } = open((ids) => ids.map((id) => `${id}=x`).join('\n'))
    const many = Array.from({ length: 150 }, (_, index) => troubled(String(index)))
    const first = await explainer(listOf(...many))
    assert.equal(first.jobs.filter(({ phase }) => phase === 'unknown').length, 50)
    const second = await explainer(listOf(...many))
    assert.equal(second.jobs.filter(({ phase }) => phase === 'unknown').length, 0)
    assert.deepEqual(
      asked.map(({ length }) => length),
      [100, 50],
    )
  })
})
