/** Asks a site's program for the name of a user. */
import { execFile } from 'node:child_process'
import { BatchwayError } from '../core/errors.ts'
import type { NameLookup } from '../people/admission.ts'

const timeoutMs = 10_000
const longestAnswer = 4_096

/**
 * The subject goes in by the environment and the claims by standard input: nothing of a stranger's stands among the arguments.
 * Exit code 0 and one line = the name; exit code 1 = no name; anything else is a failure.
 */
export function nameCommand(argv: readonly string[], path = process.env.PATH ?? '/usr/bin:/bin'): NameLookup {
  const [program = '', ...rest] = argv
  const failed = (cause: unknown): BatchwayError =>
    new BatchwayError('sign_in_unavailable', 'The names of users cannot be looked up now. Try again in a minute.', {
      cause,
    })
  return {
    title: `the command ${program}`,
    find: ({ subject, claims }) =>
      new Promise((resolve, reject) => {
        const options = {
          env: { PATH: path, LC_ALL: 'C.UTF-8', BATCHWAY_SUBJECT: subject },
          timeout: timeoutMs,
          killSignal: 'SIGKILL' as const,
          maxBuffer: longestAnswer,
        }
        const child = execFile(program, rest, options, (error, stdout) => {
          if (error !== null) return error.code === 1 && !error.killed ? resolve(null) : reject(failed(error))
          const name = stdout.trim()
          if (name === '' || name.includes('\n')) return reject(failed(new Error(`${program} did not print one name`)))
          resolve(name)
        })
        // A program that does not read its input is none the worse for it.
        child.stdin?.on('error', () => {})
        child.stdin?.end(JSON.stringify({ subject, claims }))
      }),
  }
}
