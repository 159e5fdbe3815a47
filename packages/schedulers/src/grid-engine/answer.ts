/** The queue master could not be reached, or its reply did not come. */
export const isNoAnswer = (stderr: string): boolean =>
  /commlib|unable to (?:send message|contact|receive)|got (?:send|select|read|receive|connect)\w* error|failed receiving|no response|endpoint is not unique|unable to initialize environment|qmaster (?:is )?not|timed? ?out/i.test(
    stderr,
  )

/** Grid Engine's words for a user: without the frame that qsub puts round them, each said once. */
export function wordsOf(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^(?:Unable to run job: (?:error: )?(?:job rejected: )?|qsub: |qstat: |error: )/i, ''))
    .map((line) => line.replace(/[\x00-\x1f\x7f]+/g, ' ').trim())
    .filter((line) => line !== '' && line !== 'Exiting.')
  return [...new Set(lines)].join('\n').slice(0, 2_000)
}
