/** The configuration of a personal gateway: that of the last start if it fits, else a new one. */
import { randomInt } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Config } from '../../core/config.ts'
import { loadConfig } from '../../core/load-config.ts'
import { parseConfig } from '../../core/parse-config.ts'
import type { Machine } from './facts.ts'
import { freePort, isFree } from './free-port.ts'
import type { StatePlace } from './place-state.ts'
import { isRunning } from './start-gateway.ts'
import { starterConfig } from './starter-config.ts'
import { isUntouched, misfits, portsOf, toText, type Wanted } from './written-config.ts'

const firstPort = 8_000

const newInstance = (): string =>
  randomInt(36 ** 2)
    .toString(36)
    .padStart(2, '0')

/** Names of hosts and of all addresses that a port was written for. */
const hostOf = (listener: string | undefined): string =>
  (listener ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '') || '127.0.0.1'

async function findMisfits(config: Config, wanted: Wanted): Promise<string[]> {
  const { port, internalPort } = portsOf(config)
  const [command = ''] = Object.values(config.applications)[0]?.command ?? []
  const isTcp = (listener: string | undefined): boolean => listener !== undefined && !listener.startsWith('unix:')
  return misfits(config, wanted, {
    isPortFree: !isTcp(config.listen[0]) || (await isFree(port, hostOf(config.listen[0]))),
    isInternalPortFree: internalPort === null || (await isFree(internalPort, hostOf(config.hub.internal[0]))),
    hasProgram: !command.startsWith('/') || existsSync(command),
  })
}

/** A port that jobs already know is kept if it can be had. */
async function choosePorts(wanted: Wanted, old: Config | undefined): Promise<{ port: number; internalPort: number }> {
  const before = old && portsOf(old)
  if (wanted.port !== undefined && !(await isFree(wanted.port)))
    throw new Error(
      `port ${wanted.port} is taken by another program, or this account may not use it. Leave --port out to take a free one`,
    )
  const kept = before && (await isFree(before.port)) ? before.port : undefined
  const port = wanted.port ?? kept ?? (await freePort(firstPort))
  const known = before?.internalPort ?? null
  const isKept = known !== null && known !== port && (await isFree(known, '0.0.0.0'))
  return { port, internalPort: isKept ? known : await freePort(port + 1) }
}

export interface PrepareOptions extends Wanted {
  readonly place: StatePlace
  /** Only called when a configuration must be written: looking starts several Pythons. */
  readonly findMachine: () => Promise<Machine>
  readonly say: (words: string) => void
}

/** @returns the file, checked. @throws {Error} with words. */
export async function prepareConfig(options: PrepareOptions): Promise<string> {
  const { place, say } = options
  const file = join(place.directory, 'batchway.yaml')
  let old: Config | undefined
  if (existsSync(file)) {
    old = (await loadConfig(file)).config
    if (await isRunning(old)) return file
    const reasons = await findMisfits(old, options)
    if (reasons.length === 0) return file
    if (!isUntouched(readFileSync(file, 'utf8')))
      throw new Error(
        `${file} was edited, so it is left alone, but it cannot be used as it is:\n${reasons.map((reason) => `  ${reason}`).join('\n')}\nMend it, or remove it and a new one is written.`,
      )
    for (const reason of reasons) say(`A new configuration is written: ${reason}.`)
  }
  const machine = await options.findMachine()
  const [program] = machine.jupyter
  say(`Jupyter: ${program?.path} (${program?.kind} ${program?.version})`)
  if (machine.slurm) say(`Slurm: partitions ${machine.slurm.map(({ name }) => name).join(', ')}`)
  const { port, internalPort } = await choosePorts(options, old)
  const config = starterConfig(machine, {
    stateDirectory: place.directory,
    url: `http://127.0.0.1:${port}${options.base}`,
    listen: `127.0.0.1:${port}`,
    internalPort,
    // Jobs that run carry it in their names.
    instance: old?.instance ?? newInstance(),
    ...(place.shared !== place.directory && { agent: join(place.shared, 'agent') }),
  })
  parseConfig(parse(stringify(config)), file) // what we write must be what we read
  writeFileSync(`${file}.new`, toText(config), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return file
}
