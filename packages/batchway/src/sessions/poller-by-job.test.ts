/** A scheduler that is asked about one job at a time: the founding talk's spawner as a custom cluster, a hundred sessions, a fake clock. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drivers, type JobId, type Output, openCluster, selfTransport } from '@batchway/schedulers'
import type { Attempt } from './session.ts'
import { minute, openPollerBed } from './testing/poller-bed.ts'

const settings = {
  script: '#!/bin/sh\n#PBS -q {queue}@{host}\n{cmd}\n',
  submit: '/opt/torque/bin/qsub',
  query: '/opt/torque/bin/qstat -x {job_id}',
  cancel: '/opt/torque/bin/qdel {job_id}',
  pending: '<job_state>[QH]</job_state>',
  running: '<job_state>R</job_state>',
  execHost: '<exec_host>((?:[\\w_-]+\\.?)+)/\\d+',
}
const running: Output = {
  exitCode: 0,
  stdout: '<job_state>R</job_state><exec_host>n1/0</exec_host>',
  stderr: '',
}
const unknownId = (id: string): Output => ({ exitCode: 153, stdout: '', stderr: `qstat: Unknown Job Id Error ${id}` })

function openBed() {
  const bed = openPollerBed()
  const driver = drivers.find(({ id }) => id === 'custom')
  assert.ok(driver)
  const calls: { readonly id: string; readonly at: number }[] = []
  let answer: (id: string) => Output = () => running
  const cluster = openCluster({
    key: 'main',
    driver,
    settings,
    transport: selfTransport('alice'),
    environment: {},
    run: async ({ args: [, id = ''] }) => {
      calls.push({ id, at: bed.clock.now() })
      return answer(id)
    },
  })
  const { list, listAs, history } = cluster
  Object.assign(bed.cluster, { driver: cluster.driver, list, listAs, history })
  return {
    ...bed,
    calls,
    answers: (act: (id: string) => Output) => {
      answer = act
    },
    add: (id: string, state: Parameters<typeof bed.add>[1]): JobId => bed.add(id, state),
  }
}

const mostInAMinute = (calls: readonly { readonly at: number }[]): number =>
  Math.max(...calls.map(({ at }) => calls.filter((other) => other.at >= at && other.at < at + minute).length))

describe('a hundred sessions of a scheduler that is asked about one job at a time', () => {
  it('cost at most 20 calls in any minute, and none is forgotten', async () => {
    const bed = openBed()
    const ids = Array.from({ length: 100 }, (_, index) => bed.add(`s${index}`, 'ready'))
    await using poller = bed.open()
    for (let minutes = 0; minutes < 20; minutes += 1) {
      poller.nudge() // however impatient people are
      await bed.clock.advance(minute)
    }
    assert.ok(mostInAMinute(bed.calls) <= 20, `${mostInAMinute(bed.calls)} calls in a minute`)
    assert.ok(mostInAMinute(bed.calls) >= 12) // the control: it does ask
    const asked = Map.groupBy(bed.calls, ({ id }) => id)
    for (const id of ids) assert.ok((asked.get(id)?.length ?? 0) >= 2, `${id} in 20 minutes`)
  })
  it('leave room for one of which somebody waits for word', async () => {
    const bed = openBed()
    for (let index = 0; index < 100; index += 1) bed.add(`s${index}`, 'ready')
    await using poller = bed.open()
    await bed.clock.advance(10_000)
    const id = bed.add('late', 'ready')
    const asked = poller.ask(bed.clock.now(), { id, name: 'b00late', account: 'alice' })
    await bed.clock.advance(20_000)
    const { list } = await asked
    assert.deepEqual(list.about, [id])
    assert.equal(list.jobs[0]?.name, 'b00late')
  })
  it('are asked as their owner about what the submit printed, at once', async () => {
    const bed = openBed()
    for (let index = 0; index < 100; index += 1) bed.add(`s${index}`, 'ready')
    const id = bed.add('new', 'queued')
    bed.attempts.set('new', { ...(bed.attempts.get('new') as Attempt), firstSeenAt: null })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.equal(bed.calls[0]?.id, id)
    assert.equal(bed.told[0], 'running new')
  })
})

describe('an unknown state of such a job', () => {
  const answers: Readonly<Record<string, Output>> = {
    'in another state': { exitCode: 0, stdout: '<job_state>C</job_state>', stderr: '' },
    'in nothing': { exitCode: 0, stdout: '', stderr: '' },
    'in an error': { exitCode: 1, stdout: '', stderr: 'qstat: something new' },
    'in another language': { exitCode: 153, stdout: '', stderr: 'qstat: numéro de tâche inconnu' },
    'without a server': { exitCode: 111, stdout: '', stderr: 'qstat: cannot connect to server' },
    'without the command': { exitCode: 127, stdout: '', stderr: 'qstat: command not found' },
    'in half a text': { exitCode: 0, stdout: '<job_state>', stderr: '' },
  }
  for (const [what, output] of Object.entries(answers))
    it(`is never its end: ${what}`, async () => {
      const bed = openBed()
      bed.add('one', 'ready')
      bed.answers(() => output)
      await using _ = bed.open()
      await bed.clock.advance(60 * minute)
      assert.ok(bed.calls.length > 50)
      assert.deepEqual(
        [...new Set(bed.told)].filter((words) => words !== 'unknown one'),
        [],
      )
    })
})

describe('such a job that is gone', () => {
  it('has ended when its owner was told so again and again, and its agent is silent', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    bed.add('two', 'ready')
    bed.heard.set('two', bed.clock.now())
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    bed.answers((asked) => (asked === id ? unknownId(asked) : running))
    await bed.clock.advance(5 * minute)
    assert.equal(bed.told.filter((words) => words === 'vanished one').length, 1)
    assert.ok(bed.calls.filter((call) => call.id === id).length >= 6)
    assert.ok(bed.sessions.has('two'))
  })
  it('has not while its agent speaks: a server that was set up anew knows none', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    bed.answers(unknownId)
    await using _ = bed.open()
    for (let passed = 0; passed < 10 * minute; passed += 10_000) {
      bed.heard.set('one', bed.clock.now())
      await bed.clock.advance(10_000)
    }
    assert.ok(bed.sessions.has('one'))
  })
  it('has at once when its cancel was told the same', async () => {
    const bed = openBed()
    bed.add('one', 'stopping')
    bed.answers(unknownId)
    bed.denied.set('one', bed.clock.now() - 1)
    await using _ = bed.open()
    await bed.clock.advance(15_000)
    assert.deepEqual(bed.told, ['vanished one'])
  })
})

describe('a submit that named no job', () => {
  it('is resolved without a list: nobody can be asked', async () => {
    const bed = openBed()
    bed.add('one', 'submitting')
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.equal(bed.told[0], 'absent one')
    assert.equal(bed.withoutTag[0]?.isDenied, false)
    assert.equal(bed.calls.length, 0)
  })
})
