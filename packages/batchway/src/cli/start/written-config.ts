/** The configuration file of a personal gateway: a plain file that people may edit, and that is never overwritten once they did. Pure. */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import type { Config, ConfigInput } from '../../core/config.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** The text to write; its first line tells later whether anybody has changed the rest. */
export function toText(config: ConfigInput): string {
  const body = stringify(config)
  return `# Written by "batchway start" (${digest(body)}). Edit it as you like: then it is kept as it is.\n${body}`
}

/** Is a file still what `toText` made? */
export function isUntouched(text: string): boolean {
  const [head = '', ...rest] = text.split('\n')
  const body = rest.join('\n')
  const [, written] = /^# Written by "batchway start" \(([0-9a-f]{16})\)\./.exec(head) ?? []
  return written !== undefined && written === digest(body)
}

export interface Wanted {
  /** Path prefix, with both slashes. */
  readonly base: string
  /** Port for the browser, if one was asked for. */
  readonly port?: number
}

export interface Findings {
  readonly isPortFree: boolean
  readonly isInternalPortFree: boolean
  /** Is the application's program there? */
  readonly hasProgram: boolean
}

/** Ports of a personal gateway's configuration; null where somebody wrote another kind of address. */
export function portsOf(config: Pick<Config, 'url' | 'hub'>): { port: number; internalPort: number | null } {
  const { port, protocol } = new URL(config.url)
  const [, internal] = /:(\d+)$/.exec(config.hub.internal[0] ?? '') ?? []
  return {
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    internalPort: internal === undefined ? null : Number(internal),
  }
}

/** Why the configuration of an earlier start cannot be used as it is, in words; empty if it can. */
export function misfits(
  config: Pick<Config, 'url' | 'hub' | 'applications'>,
  wanted: Wanted,
  found: Findings,
): string[] {
  const { pathname } = new URL(config.url)
  const { port, internalPort } = portsOf(config)
  const base = pathname.endsWith('/') ? pathname : `${pathname}/`
  return [
    ...(base === wanted.base ? [] : [`it serves under ${base}, and you ask for ${wanted.base}`]),
    ...(wanted.port === undefined || wanted.port === port
      ? []
      : [`it serves on port ${port}, and you ask for ${wanted.port}`]),
    ...(found.isPortFree || (wanted.port !== undefined && wanted.port !== port)
      ? []
      : [`port ${port} is taken by another program`]),
    ...(found.isInternalPortFree ? [] : [`port ${internalPort} (hub.internal) is taken by another program`]),
    ...(found.hasProgram ? [] : ['the program of its first application is gone']),
  ]
}
