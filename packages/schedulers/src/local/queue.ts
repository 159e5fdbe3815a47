import type { JobIn, JobRecord, Submission } from './job.ts'

/** What this machine offers. */
export interface Capacity {
  readonly slots: number
  readonly cores: number
  readonly memoryMiB: number
}

/** What a waiting job waits for. */
export interface Waiting {
  readonly reason: string
  /** Unix ms; absent if a running job's end is unknown. */
  readonly estimatedStartAt?: number
}

export interface Plan {
  readonly start: readonly JobIn<'queued'>[]
  readonly waiting: ReadonlyMap<string, Waiting>
}

/** Why a request can never run here, or null. The words are for the user. */
export function findMisfit(ask: Submission, capacity: Capacity): string | null {
  if (ask.gpus > 0) return `asks for ${ask.gpus} GPUs, this machine offers none`
  if (ask.cores > capacity.cores) return `asks for ${ask.cores} cores, this machine offers ${capacity.cores}`
  if (ask.memoryMiB > capacity.memoryMiB)
    return `asks for ${ask.memoryMiB} MiB of memory, this machine offers ${capacity.memoryMiB} MiB`
  return null
}

type Room = { slots: number; cores: number; memoryMiB: number }

const fits = (room: Room, { cores, memoryMiB }: Submission): boolean =>
  room.slots >= 1 && room.cores >= cores && room.memoryMiB >= memoryMiB

function take(room: Room, ask: Submission, sign: 1 | -1): void {
  room.slots -= sign
  room.cores -= sign * ask.cores
  room.memoryMiB -= sign * ask.memoryMiB
}

/** What started jobs leave free. */
export function idleCapacity(jobs: Iterable<JobRecord>, capacity: Capacity): Capacity {
  const room: Room = { ...capacity }
  for (const job of jobs) if (job.state === 'launching' || job.state === 'running') take(room, job.ask, 1)
  return room
}

/**
 * Strictly first in, first out: a job starts when all before it have started and it fits. Nothing overtakes, so no job starves.
 * The estimate plays the queue forward with every job using its whole walltime.
 */
export function planQueue(jobs: Iterable<JobRecord>, capacity: Capacity, now: number): Plan {
  const room: Room = { ...capacity }
  const ends: { at: number; ask: Submission }[] = []
  const queue: JobIn<'queued'>[] = []
  for (const job of jobs) {
    if (job.state === 'queued') queue.push(job)
    else if (job.state !== 'ended') {
      take(room, job.ask, 1)
      const startedAt = job.state === 'running' ? job.startedAt : now
      ends.push({ at: Math.max(now, startedAt + job.ask.wallSeconds * 1_000), ask: job.ask })
    }
  }
  queue.sort((a, b) => a.number - b.number)

  const start: JobIn<'queued'>[] = []
  while (queue[0] && fits(room, queue[0].ask)) {
    const job = queue.shift()
    if (!job) break
    take(room, job.ask, 1)
    ends.push({ at: now + job.ask.wallSeconds * 1_000, ask: job.ask })
    start.push(job)
  }

  const waiting = new Map<string, Waiting>()
  let clock = now
  queue.forEach((job, index) => {
    ends.sort((a, b) => a.at - b.at)
    while (!fits(room, job.ask)) {
      const next = ends.shift()
      if (!next) break // cannot fit: the machine was made smaller since it was accepted
      clock = next.at
      take(room, next.ask, -1)
    }
    const willFit = fits(room, job.ask)
    const reason = !willFit
      ? `Never: ${findMisfit(job.ask, capacity) ?? 'no slot'}`
      : index === 0
        ? 'Resources'
        : `Position ${index + 1}`
    waiting.set(job.id, { reason, ...(willFit && { estimatedStartAt: clock }) })
    take(room, job.ask, 1)
    ends.push({ at: clock + job.ask.wallSeconds * 1_000, ask: job.ask })
  })
  return { start, waiting }
}
