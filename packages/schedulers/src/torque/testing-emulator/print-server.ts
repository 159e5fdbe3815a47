/** What the server tells of its queues (`qstat -Q -f`) and of its node (`pbsnodes -x`). */
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { rangesOf } from './attributes.ts'
import { idOf, type ServerState, type TorqueJob } from './job-table.ts'
import { folded } from './print-jobs.ts'

const counted = [
  ['Transit', []],
  ['Queued', ['Q']],
  ['Held', ['H']],
  ['Waiting', ['W']],
  ['Running', ['R']],
  ['Exiting', ['E']],
  ['Complete', ['C']],
] as const

export function printQueues({ queues, createdAt }: ServerState, jobs: readonly TorqueJob[]): string {
  return queues.map(({ name, isStarted }) => printQueue(name, isStarted, createdAt, jobs)).join('')
}

function printQueue(name: string, isStarted: boolean, createdAt: number, all: readonly TorqueJob[]): string {
  // Each element of an array counts as a job, the array itself does not.
  const jobs = all.filter(({ queue }) => queue === name).flatMap((job) => elementsOf(job).map(() => job))
  const states = counted.map(([word, letters]) => {
    const those: readonly string[] = letters
    return `${word}:${jobs.filter(({ state }) => those.includes(state)).length} `
  })
  const running = jobs.filter(({ state }) => state === 'R')
  const memory = running.reduce((sum, { asked }) => sum + bytesOf(asked), 0)
  return [
    `Queue: ${name}\n`,
    folded('queue_type', 'Execution'),
    folded('total_jobs', String(jobs.length)),
    folded('state_count', states.join('')),
    folded('mtime', String(createdAt)),
    ...(running.length > 0
      ? [folded('resources_assigned.mem', `${memory}b`), folded('resources_assigned.nodect', String(running.length))]
      : []),
    folded('enabled', 'True'),
    folded('started', isStarted ? 'True' : 'False'),
    '\n',
  ].join('')
}

function bytesOf(asked: TorqueJob['asked']): number {
  const memory = asked.find(([name]) => name === 'mem')?.[1] ?? '0kb'
  const [, amount = '0', unit = 'kb'] = /^(\d+)(kb|mb|gb)$/.exec(memory) ?? []
  return Number(amount) * (unit === 'gb' ? 2 ** 30 : unit === 'mb' ? 2 ** 20 : 1024)
}

/** Numbers of an array's elements; one of a job. */
export function elementsOf({ array }: Pick<TorqueJob, 'array'>): number[] {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(array) ?? [null, '0', '0']
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index)
}

export function printNode(jobs: readonly TorqueJob[], cores: number): string {
  const running = jobs.filter(({ state }) => state === 'R')
  const isFull = running.reduce((sum, { slots }) => sum + slots.length, 0) >= cores
  const status = [
    'opsys=linux',
    `uname=Linux ${node} 6.18.44-fc-v669 #1 SMP PREEMPT_DYNAMIC @0 x86_64`,
    'nsessions=0',
    'nusers=0',
    'idletime=12783',
    'totmem=24684084kb',
    'availmem=23580540kb',
    'physmem=24684084kb',
    'ncpus=2',
    'loadave=0.53',
    'gres=',
    'netload=4024',
    'state=free',
    'varattr= ',
    'cpuclock=Fixed',
    'macaddr=d6:60:2e:6d:9a:90',
    'version=master',
    `rectime=${nowSeconds()}`,
    'jobs=',
  ]
  const parts: readonly (readonly [string, string])[] = [
    ['name', node],
    ['state', isFull ? 'job-exclusive' : 'free'],
    ['power_state', 'Running'],
    ['np', String(cores)],
    ['ntype', 'cluster'],
    ...(running.length > 0
      ? [['jobs', running.map((job) => `${rangesOf(job.slots)}/${idOf(job)}`).join(',')] as const]
      : []),
    ['status', status.join(',')],
    ['mom_service_port', '15002'],
    ['mom_manager_port', '15003'],
  ]
  return `<Data><Node>${parts.map(([name, text]) => `<${name}>${text}</${name}>`).join('')}</Node></Data>\n`
}
