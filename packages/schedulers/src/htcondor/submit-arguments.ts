/** What condor_submit is told: a submit description on its command line, and the job script on its standard input. Pure. */
import { SchedulerError } from '../driver.ts'

/**
 * A job's executable and arguments stand in its record, which everybody may read; a file that is handed to HTCondor lies readable in its spool
 * folder. So a shell that condor_submit starts (`queue … from COMMAND |`) puts the script into a file of the owner's, mode 0600: it
 * inherits standard input. It prints the tag, or nothing, and then there is nothing to queue.
 */
const putDown = 'umask 077; rm -f "$1" && set -C && cat >"$1" && echo "$2" && exit; rm -f "$1"; exit 1'

/** The file is gone as soon as the script runs from it. */
const runOnce = 'exec 9<"$1" && rm -f "$1" && exec /bin/sh /dev/fd/9'
const runAgain = 'exec /bin/sh "$1"'

/** Arguments in the "new syntax": in double quotes, each in single ones. @see condor_submit(1), `arguments` */
export const quoteArguments = (words: readonly string[]): string =>
  `"${words.map((word) => `'${word.replaceAll("'", "''")}'`.replaceAll('"', '""')).join(' ')}"`

/**
 * A path in a submit description, in which `$(…)` is replaced and quotes end arguments.
 * @throws {SchedulerError} `refused`
 */
function checkedPath(path: string): string {
  if (/["'$|\\]|^\s|\s$/.test(path))
    throw new SchedulerError(
      'refused',
      'HTCondor takes no quotes, $, | or backslash in the path of a folder or an output',
    )
  return path
}

export interface SubmitFacts {
  readonly name: string
  readonly workdir: string
  /** `%j` stands for the job id. */
  readonly outputPath: string
  readonly requeue: boolean
  /** Further lines of the description, each `key = value`. */
  readonly lines: readonly string[]
}

/** Where the script waits for its job. */
const scriptPath = (workdir: string, name: string): string => `${checkedPath(workdir)}/.batchway-${name}.sh`

export function submitArguments({ name, workdir, outputPath, requeue, lines }: SubmitFacts): string[] {
  const script = scriptPath(workdir, name)
  const output = checkedPath(outputPath).replaceAll('%j', '$(ClusterId).$(ProcId)')
  const description = [
    'universe = vanilla',
    'executable = /bin/sh',
    `arguments = ${quoteArguments(['-c', requeue ? runAgain : runOnce, 'sh', script])}`,
    'transfer_executable = False',
    'should_transfer_files = NO',
    `initialdir = ${workdir}`,
    'input = /dev/null',
    `output = ${output}`,
    `error = ${output}`,
    'notification = Never',
    'batch_name = $(BatchwayTag)',
    'My.Batchway = True',
    `My.BatchwayOnce = ${requeue ? 'False' : 'True'}`,
    ...lines,
  ]
  const queue = `1 BatchwayTag from ${quoteArguments(['/bin/sh', '-c', putDown, 'sh', script, name])} |`
  return ['-terse', ...description.flatMap((line) => ['-append', line]), '/dev/null', '-queue', queue]
}
