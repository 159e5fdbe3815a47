import { writeFileSync } from 'node:fs'

/**
 * Lets the kernel serve a program before all jobs, as if it had a machine of its own: on a site the jobs run elsewhere. Each session of
 * processes has its share of the processors, so this is for all that it started without a session of their own.
 */
export function favour(pid: number): void {
  writeFileSync(`/proc/${pid}/autogroup`, '-15')
}
