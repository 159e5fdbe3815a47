import { Failure } from '../../testing-emulator/place.ts'
import type { PbsJob } from './job-table.ts'

const resources = new Set(['ncpus', 'mem', 'ngpus', 'mpiprocs', 'ompthreads', 'host', 'vnode'])

type Asked = Pick<PbsJob, 'cores' | 'memory' | 'wallSeconds' | 'gpus' | 'chunk' | 'place'>

/** What `-l` asks for, the last word of each. @throws {Failure} for a resource that the server does not know, or a value that is none. */
export function readResources(lists: readonly string[]): Asked {
  let asked: Asked = { cores: 1, memory: '', wallSeconds: 0, gpus: 0, chunk: '1:ncpus=1', place: 'pack' }
  for (const list of lists) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/s.exec(list) ?? []
    if (key === 'walltime') asked = { ...asked, wallSeconds: readWalltime(value) }
    else if (key === 'select') asked = { ...readChunk(value), wallSeconds: asked.wallSeconds }
  }
  return asked
}

function readWalltime(text: string): number {
  if (!/^\d+(:\d\d){0,2}$/.test(text))
    throw new Failure(166, 'qsub: Illegal attribute or resource value Resource_List.walltime')
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

function readChunk(chunk: string): Omit<Asked, 'wallSeconds'> {
  const amounts = new Map<string, string>()
  for (const part of chunk.split(':').slice(1)) {
    const [resource = '', amount = ''] = part.split('=')
    if (!resources.has(resource)) throw new Failure(187, `qsub: Unknown resource: ${resource}`)
    amounts.set(resource, amount)
  }
  return {
    cores: Number(amounts.get('ncpus') ?? 1),
    memory: amounts.get('mem') ?? '',
    gpus: Number(amounts.get('ngpus') ?? 0),
    chunk,
    place: 'free',
  }
}
