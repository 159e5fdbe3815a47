import { Refusal } from './daemon.ts'
import type { Submission } from './job.ts'

const maxScriptBytes = 1_024 * 1_024

/** Read a submit request. @throws {Refusal} in words for the user. */
export function readSubmission(request: Readonly<Record<string, unknown>>): { ask: Submission; script: string } {
  const word = (name: string, pattern: RegExp): string => {
    const value = request[name]
    if (typeof value !== 'string' || !pattern.test(value)) throw new Refusal(`${name} is not valid`)
    return value
  }
  const count = (name: string, least: number): number => {
    const value = request[name]
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
      throw new Refusal(`${name} must be a whole number of at least ${least}`)
    return value
  }
  const { script } = request
  if (typeof script !== 'string' || script.includes('\0')) throw new Refusal('the script is not text')
  if (Buffer.byteLength(script) > maxScriptBytes) throw new Refusal('the script is longer than 1 MiB')
  const absolutePath = /^\/[^\x00-\x1f\x7f]{0,4094}$/
  return {
    script,
    ask: {
      name: word('name', /^[\x21-\x7e]{1,128}$/),
      account: word('account', /^[\x21-\x7e]{1,64}$/),
      cores: count('cores', 1),
      memoryMiB: count('memoryMiB', 1),
      gpus: count('gpus', 0),
      wallSeconds: count('wallSeconds', 1),
      workdir: word('workdir', absolutePath),
      outputPath: word('outputPath', absolutePath),
    },
  }
}
