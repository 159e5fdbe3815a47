/** The schedd or the collector could not be reached, or the conversation broke off. HTCondor's programs have one exit status, 1, for everything that fails. */
export const isNoAnswer = (stderr: string): boolean =>
  /can't find address|unable to locate|could(?:n't| not) (?:contact|locate|connect|fetch)|failed to (?:connect|fetch ads)|connection (?:refused|closed|reset)|communications? error|timed out|condor_\w+: \(null\)|^error: \(null\)|SECMAN:|CEDAR:|cannot contact/im.test(
    stderr,
  )

/** HTCondor's words for a user: without the program's advice about daemons, each line said once. */
export function wordsOf(text: string): string {
  const lines = text
    .replace(/^Extra Info:[\s\S]*/m, '')
    .replace(/^Usage: [\s\S]*/m, '')
    .split('\n')
    .map((line) => line.replace(/[\x00-\x1f\x7f]+/g, ' ').trim())
    .map((line) => line.replace(/^(?:ERROR: *|condor_\w+: +|(?:\S*\/)?sh: (?:\d+: )?)+/i, '').trim())
    .filter((line) => line !== '' && !/^WARNING:/.test(line))
  return [...new Set(lines)].join('\n').slice(0, 2_000)
}
