/** PBS could not be reached, or its reply did not come. @see pbs_error.h: PBSE_ 15010–15012 (connection), 15033 (protocol), 15079 (no server) */
export const isNoAnswer = (stderr: string): boolean =>
  /cannot connect to server|connection refused|connection timed out|no route to host|end of file|protocol error|errno=150(?:10|12|31|33|79)|pbs_iff|no server|could not connect|communication failure/i.test(
    stderr,
  )

/** PBS's words for a user: without the program's name and the usage lines, each said once. */
export function wordsOf(stderr: string): string {
  const lines = stderr
    .replace(/^usage:.*/ms, '')
    .split('\n')
    .map((line) => line.replace(/^(?:qsub|qstat|qdel|pbsnodes): /, '').replace(/[\x00-\x1f\x7f]+/g, ' '))
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return [...new Set(lines)].join('\n').slice(0, 2_000)
}
