/** How the last part of a job's output is read: as the job's owner, so that the kernel decides what may be read. */
import { type Driver, type LogRequest, type Output, SchedulerError } from './driver.ts'

/** Of the output, at most; what an agent reports is less. */
export const logBytes = 64 * 1024

const noSuchFile = 66 // EX_NOINPUT of sysexits.h

/**
 * The program that a sudo rule names. It takes the path by standard input and no arguments, so the rule needs no wildcard: `PATH ""`.
 * Only regular files: a named pipe would never end.
 */
export const logReaderProgram = `#!/bin/sh
# Made by Batchway: prints the end of one file that whoever runs this may read. Its path comes by standard input.
PATH=/usr/bin:/bin
[ $# = 0 ] || { echo 'this program takes no arguments' >&2; exit 64; }
IFS= read -r path || exit 64
case $path in /*) ;; *) echo 'not an absolute path' >&2; exit 64 ;; esac
[ -f "$path" ] || exit ${noSuchFile}
exec tail -c ${logBytes} -- "$path"
`

/** For schedulers that write a job's output where it was asked for, while the job runs. */
export const readOutputFile: NonNullable<Driver['readLog']> = {
  command({ path, reader }: LogRequest) {
    // The path is from our own record; a line feed would make two of it.
    if (!/^\/[^\0\n]*$/.test(path)) throw new SchedulerError('refused', `not a path to read: ${JSON.stringify(path)}`)
    return reader === null
      ? { file: 'tail', args: ['-c', String(logBytes), '--', path], as: 'owner' }
      : { file: reader, args: [], stdin: `${path}\n`, as: 'owner' }
  },
  parse({ exitCode, stdout, stderr }: Output) {
    if (exitCode === 0) return stdout
    if (exitCode === noSuchFile || /No such file or directory/.test(stderr)) return null
    throw new SchedulerError('unavailable', stderr.trim().slice(0, 500) || `the log reader ended with ${exitCode}`)
  },
}
