/** What is measured, by the kind of load: each kind has fresh proxies, so that what one has left in memory is not measured with the next. */
import { existsSync, truncateSync, writeFileSync } from 'node:fs'
import { type Backend, hugeBytes, inMemory } from './backend.ts'
import type { Contender } from './contender.ts'
import { echoes, type Figures, idleBytes, requests, type Tools, transfer } from './measure.ts'

export interface Result {
  readonly unit: string
  /** Whether more of it is better. */
  readonly isMore: boolean
  readonly value: number
  readonly details?: object
}

export interface Case {
  readonly name: string
  /** It says most: part of a quick run. */
  readonly isQuick?: boolean
  /** @returns nothing where this proxy cannot be asked for it. */
  run(contender: Contender, tools: Tools, backend: Backend): Promise<Record<string, Result>>
}

export interface Kind {
  readonly backend: 'answers' | 'echoes' | 'tls'
  readonly cases: readonly Case[]
}

/** @returns in a form that can be read. */
export const round = (value: number): number => Number(value.toPrecision(4))

const rounded = (facts: object): object =>
  Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, round(Number(value))]))

function served(name: string, figures: Figures, unit = 'requests/s'): Record<string, Result> {
  return {
    [name]: { unit, isMore: true, value: figures.perSecond, details: rounded(figures) },
    [`${name}, p99`]: { unit: 'ms', isMore: false, value: figures.p99Ms },
    [`${name}, processor time`]: { unit: 'µs', isMore: false, value: figures.cpuUs },
  }
}

const asked = (name: string, path: string, connections: number, isQuick = false): Case => ({
  name,
  isQuick,
  run: async (contender, tools) => served(name, await requests(contender, tools, { path, connections })),
})

const moved = (name: string, path: string, file: string | null): Case => ({
  name,
  run: async (contender, tools) => {
    if (file !== null) fillWithHoles(file)
    const args = file === null ? [] : ['-T', file]
    const { seconds, cpuSeconds, grownMiB } = await transfer(contender, tools, args, path)
    return {
      [name]: { unit: 's', isMore: false, value: seconds },
      [`${name}, processor time`]: { unit: 's', isMore: false, value: cpuSeconds },
      [`${name}, memory grown`]: { unit: 'MiB', isMore: false, value: grownMiB },
    }
  },
})

/** It is there for the next time. */
function fillWithHoles(file: string): void {
  if (!existsSync(file)) writeFileSync(file, '')
  truncateSync(file, hugeBytes)
  inMemory(file)
}

const echoed = (count: number, isQuick = false): Case => {
  const name = `${count.toLocaleString('en')} WebSockets, 128 bytes`
  const run: Case['run'] = async (contender, tools) =>
    served(name, await echoes(contender, tools, count), 'round trips/s')
  return { name, isQuick, run }
}

const idle: Case = {
  name: 'idle WebSocket',
  run: async (contender, tools) => {
    const value = await idleBytes(contender, tools, 5_000)
    return { 'idle WebSocket': { unit: 'bytes', isMore: false, value } }
  },
}

const routes = 50_000
const routed: Case = {
  name: '50,000 routes',
  run: async (contender, tools, { port }) => {
    if (!contender.addRoutes) return {}
    const from = performance.now()
    await contender.addRoutes(routes, `http://127.0.0.1:${port}`)
    const seconds = (performance.now() - from) / 1_000
    const figures = await requests(contender, tools, { path: '/', connections: 64, routes })
    return {
      '50,000 routes made': { unit: 's', isMore: false, value: seconds },
      ...served('50,000 routes, 64 connections', figures),
    }
  },
}

export const kinds: readonly Kind[] = [
  {
    backend: 'answers',
    cases: [
      asked('100 bytes, 1 connection', '/small', 1),
      asked('100 bytes, 64 connections', '/small', 64, true),
      asked('100 bytes, 512 connections', '/small', 512),
      asked('64 KiB, 64 connections', '/large', 64),
      moved('1 GiB down', '/huge', null),
    ],
  },
  {
    backend: 'echoes',
    cases: [echoed(50, true), echoed(1_000), idle, moved('1 GiB up', '/upload', '/var/tmp/batchway-bench-upload')],
  },
  { backend: 'answers', cases: [routed] },
  // Ours by a key, the others by a certificate: what a session has, and the nearest that they can do. The program behind is the slower one.
  { backend: 'tls', cases: [asked('TLS to the target, 64 connections', '/small', 64)] },
]
