/** Our sources as the JavaScript that a release holds. */
import { stripTypeScriptTypes } from 'node:module'

/** A module of the same package, as an import or export names it. */
const ownModule = /(\bfrom |\bimport\(|^import )'(\.{1,2}\/[^'\n]+)\.ts'/gm

/**
 * Types become blanks, done by the runtime that runs the result: lines and columns stay, so that a stack trace names places of the
 * source. Blanks at line ends go. @throws {SyntaxError} for syntax that types alone cannot explain.
 */
export function stripSource(text: string): string {
  const stripped = stripTypeScriptTypes(text).replace(/[ \t]+$/gm, '')
  const linked = stripped.replace(ownModule, "$1'$2.js'")
  const missed = /^(?:import|export)\b[^\n]*\.ts'$/m.exec(linked)
  if (missed) throw new SyntaxError(`an import was not understood: ${missed[0]}`)
  return linked
}
