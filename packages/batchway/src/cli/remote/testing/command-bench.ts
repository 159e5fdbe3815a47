/** The commands on a hub in memory: what they print, how they end, and what they asked. */
import { Command } from 'commander'
import { fakeHub } from '../../../api/testing/fake-hub.ts'
import { addRemoteCommands } from '../add-remote-commands.ts'
import { CommandProblem } from '../exit-statuses.ts'
import type { Surroundings } from '../surroundings.ts'

export interface Ended {
  readonly status: number
  readonly out: string
  /** Standard error, and the sentence that a person reads last. */
  readonly err: string
}

export function commandBench(answer?: Surroundings['fetch'], env: Surroundings['env'] = {}) {
  const hub = fakeHub()
  const asked: { method: string; url: string; headers: Headers; body: string | null }[] = []
  const pauses: number[] = []
  const all = { BATCHWAY_URL: 'https://hub.example', BATCHWAY_TOKEN: 'token-root-admin', HOME: '/nowhere', ...env }
  const run = async (line: string | readonly string[], columns: number | null = 80): Promise<Ended> => {
    let out = ''
    let err = ''
    const here: Surroundings = {
      env: all,
      columns,
      fetch: async (url, init) => {
        asked.push({
          method: init.method ?? 'GET',
          url,
          headers: new Headers(init.headers),
          body: typeof init.body === 'string' ? init.body : null,
        })
        return answer === undefined ? hub.internalApi.request(url, init) : answer(url, init)
      },
      out: (text) => {
        out += text
      },
      err: (text) => {
        err += text
      },
      pause: async (milliseconds) => void pauses.push(milliseconds),
    }
    const program = new Command('batchway').exitOverride().configureOutput({
      writeOut: (text) => {
        out += text
      },
      writeErr: (text) => {
        err += text
      },
    })
    addRemoteCommands(program, here)
    try {
      await program.parseAsync(typeof line === 'string' ? line.split(' ') : [...line], { from: 'user' })
      return { status: 0, out, err }
    } catch (error) {
      if (error instanceof CommandProblem) return { status: error.exitStatus, out, err: `${err}${error.message}` }
      if (error instanceof Error && 'exitCode' in error) return { status: Number(error.exitCode), out, err }
      throw error
    }
  }
  return { hub, asked, pauses, run }
}
