/** Flags of our own runtime that processes of ours are given as well. */

/**
 * An inspector has one port and one process: a child with `--inspect-brk` would wait for a debugger of its own, and with `--inspect` it
 * would be open to whoever reaches the port. Nor is a child to run, watch or test what we were told to.
 */
const ownAlone =
  /^(--inspect(-.*)?|--debug-port|--input-type|--eval|-e|--print|-p|-pe|--check|-c|--interactive|-i|--watch(-.*)?|--test(-.*)?)$/
/** Of those, the ones whose value may stand in the next word. */
const takesWord =
  /^(--inspect-port|--debug-port|--inspect-publish-uid|--input-type|--eval|-e|--print|-p|-pe|--watch-path|--test-.+)$/

/** @param execArgv flags of a runtime, as in `process.execArgv`. */
export function inheritedFlags(execArgv: readonly string[]): string[] {
  const kept: string[] = []
  let skipsWord = false
  for (const word of execArgv) {
    if (skipsWord && !word.startsWith('-')) {
      skipsWord = false
      continue
    }
    const [name = ''] = word.split('=')
    const isOwn = ownAlone.test(name)
    skipsWord = isOwn && takesWord.test(name) && !word.includes('=')
    if (!isOwn) kept.push(word)
  }
  return kept
}
