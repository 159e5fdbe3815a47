#!/usr/bin/env node
/** The command `batchway`. The only file here that touches exit codes; `program.ts` lists the commands, one file each. */
import { systemErrorWords } from '../core/system-error.ts'
import { makeProgram } from './program.ts'
import { CommandProblem } from './remote/exit-statuses.ts'

try {
  await (await makeProgram(process.argv[2])).parseAsync()
} catch (error) {
  // Words for a person; a stack only for what we did not foresee.
  const isMistake = error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError
  const words =
    error instanceof Error
      ? (systemErrorWords(error) ?? (isMistake ? (error.stack ?? error.message) : error.message))
      : String(error)
  process.stderr.write(`batchway: ${words}\n`)
  process.exitCode = error instanceof CommandProblem ? error.exitStatus : 1
}
