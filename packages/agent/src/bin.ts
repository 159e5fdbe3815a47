#!/usr/bin/env node
/** The batch job itself, once the job script has handed over by `exec`. The only file that touches process, signals and exit status. */
import { fsyncSync, readFileSync, writeSync } from 'node:fs'
import { runAgent } from './agent.ts'
import { systemClock } from './clock.ts'
import { errorLine, exitCodes } from './exit-codes.ts'
import { asksToEnd } from './scheduler-signals.ts'

const stop = new AbortController()
// Listening to SIGUSR1 also keeps Node from opening its debugger on it (--disable-sigusr1 would block the signal instead).
// SIGUSR1 is the usual warning before the walltime ends; Slurm, Grid Engine and PBS send SIGUSR1, SIGUSR2 or SIGTERM as configured.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => asksToEnd(signal, process.env) && stop.abort())
process.on('SIGHUP', () => undefined)

/** The job's output may be on a full file system; that must not end a session. */
function write(text: string): void {
  try {
    writeSync(2, text)
  } catch {
    // nowhere to say it
  }
}

function flush(): void {
  try {
    fsyncSync(2)
  } catch {
    // a terminal or a pipe has no disk
  }
}

const crash = (error: unknown): void => {
  write(`batchway: unexpected: ${error instanceof Error ? error.stack : String(error)}\n`)
  stop.abort() // the orderly way still runs: application ended, processes swept, hub told
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

try {
  process.exitCode = await runAgent({
    ticketText: readFileSync(0, 'utf8'),
    environment: process.env,
    uid: process.getuid?.() ?? -1,
    clock: systemClock,
    write,
    flush,
    stop: stop.signal,
  })
} catch (error) {
  crash(error)
  write(`${errorLine('agent-failed', 'the agent failed; see the lines above')}\n`)
  process.exitCode = exitCodes['agent-failed']
}
process.exit()
