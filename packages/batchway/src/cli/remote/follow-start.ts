/** Follows the start of a server, over as many connections as it takes: it may wait in a queue for hours, and hubs are restarted. */
import { z } from 'zod'
import { CommandProblem, exitStatuses } from './exit-statuses.ts'
import { plainLine } from './plain-text.ts'
import type { Remote } from './remote.ts'

const Progress = z.looseObject({
  progress: z.number().optional(),
  message: z.string().default(''),
  ready: z.boolean().optional(),
  failed: z.boolean().optional(),
  url: z.string().optional(),
})

/** So many connections in a row may end without news. */
const emptyTries = 20
const againMs = 3_000

/**
 * @param say gets each stage once, as a line for people.
 * @throws {CommandProblem} `failed` when it ended before it was ready; another one when the hub could not be asked any more.
 */
export async function followStart(
  remote: Pick<Remote, 'follow'>,
  path: string,
  { say, pause }: { say(stage: string): void; pause(milliseconds: number): Promise<void> },
): Promise<void> {
  const said = new Set<string>()
  for (let empty = 0; empty < emptyTries; empty++) {
    try {
      for await (const text of remote.follow(path)) {
        const event = readEvent(text)
        if (event === null) continue
        if (event.failed) throw new CommandProblem('failed', plainLine(event.message) || 'it ended before it was ready')
        const line = `${String(Math.round(event.progress ?? 0)).padStart(3)} %  ${plainLine(event.message)}`
        if (said.has(line)) continue
        said.add(line)
        empty = 0
        say(line)
        if (event.ready) return
      }
    } catch (error) {
      if (!(error instanceof CommandProblem) || error.exitStatus !== exitStatuses.unreachable.status) throw error
    }
    await pause(againMs)
  }
  throw new CommandProblem(
    'unreachable',
    'the hub tells nothing of the start any more. It goes on without us: ask with "batchway server show"',
  )
}

function readEvent(text: string): z.infer<typeof Progress> | null {
  try {
    return Progress.parse(JSON.parse(text))
  } catch {
    return null
  }
}
