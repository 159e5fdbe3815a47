/** Other gateways of this host: what they have taken, read from their configurations. Pure. */
import { basename, dirname } from 'node:path'
import { readYaml } from '../../core/load-config.ts'

export interface Neighbour {
  /** Null for the gateway without a name. */
  readonly instance: string | null
  readonly file: string
  readonly letters: string | null
  readonly stateDirectory: string | null
  /** Listeners as they are written: `HOST:PORT` or `unix:PATH`. */
  readonly listeners: readonly string[]
  readonly url: string | null
  /** Of its first way in, for a second run of `init`. */
  readonly listen: readonly string[]
  readonly internal: readonly string[]
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

/** @param file `…/batchway/batchway.yaml`, or `…/batchway-NAME/batchway.yaml`. @returns null for a text that is no configuration. */
export function readNeighbour(file: string, text: string): Neighbour | null {
  let raw: unknown
  try {
    raw = readYaml(text, file)
  } catch {
    return null // its own doctor tells; what it has taken cannot be known
  }
  const listen = textsOf(member(raw, 'listen'))
  const internal = textsOf(member(member(raw, 'hub'), 'internal'))
  return {
    instance: /^batchway-(.+)$/.exec(basename(dirname(file)))?.[1] ?? null,
    file,
    letters: textOf(member(raw, 'instance')) ?? '00',
    stateDirectory: textOf(member(raw, 'stateDirectory')),
    url: textOf(member(raw, 'url')),
    listen: listen.length > 0 ? listen : ['127.0.0.1:8000'],
    internal: internal.length > 0 ? internal : ['127.0.0.1:8081'],
    listeners: [
      ...(listen.length > 0 ? listen : ['127.0.0.1:8000']),
      ...(internal.length > 0 ? internal : ['127.0.0.1:8081']),
    ],
  }
}

export const portOf = (listener: string): number | null =>
  listener.startsWith('unix:') ? null : Number(/:(\d+)$/.exec(listener)?.[1] ?? Number.NaN) || null

/** Name for a sentence. */
export const nameOf = ({ instance, file }: Pick<Neighbour, 'instance' | 'file'>): string =>
  instance === null ? `the gateway of ${file}` : `the gateway “${instance}” (${file})`

export interface Claims {
  readonly instance: string | null
  readonly letters: string
  readonly stateDirectory: string
  readonly listeners: readonly string[]
  readonly url: string
}

const isSame = (a: string, b: string): boolean => a.replace(/\/+$/, '') === b.replace(/\/+$/, '')

/** Why these gateways cannot both be there, as sentences that say what to give instead; empty if they can. */
export function collisions(wanted: Claims, neighbours: readonly Neighbour[]): readonly string[] {
  return neighbours
    .filter(({ instance }) => instance !== wanted.instance)
    .flatMap((other) => {
      const ports = wanted.listeners.filter((listener) => {
        const port = portOf(listener)
        return other.listeners.some((theirs) => (port === null ? theirs === listener : portOf(theirs) === port))
      })
      return [
        ...(other.letters === wanted.letters
          ? [
              `${nameOf(other)} has the letters "${wanted.letters}" in the names of its jobs: give others with --letters`,
            ]
          : []),
        ...(other.stateDirectory !== null && isSame(other.stateDirectory, wanted.stateDirectory)
          ? [`${nameOf(other)} keeps its state in ${wanted.stateDirectory}: give another folder with --state`]
          : []),
        ...ports.map(
          (listener) => `${nameOf(other)} listens at ${listener}: give another with --port or --internal-port`,
        ),
        ...(other.url === wanted.url
          ? [`${nameOf(other)} has the address ${wanted.url}: give another with --url`]
          : []),
      ]
    })
}
