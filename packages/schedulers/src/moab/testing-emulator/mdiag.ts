import { Failure } from '../../testing-emulator/place.ts'
import { hasEnded, type MoabTable } from './job-table.ts'
import { printCompleted, printDiagnosis } from './print-jobs.ts'

/** `mdiag -j --xml`: what waits, runs or stands still. Other forms are not emulated. @throws {Failure} */
export function mdiag(args: readonly string[], table: MoabTable): string {
  if (args.join(' ') !== '-j --xml') throw new Failure(1, 'ERROR:    this emulator knows -j --xml alone')
  return printDiagnosis(table.all().filter((job) => !hasEnded(job)))
}

/** `showq -c --xml`: what has ended. Other forms are not emulated. @throws {Failure} */
export function showq(args: readonly string[], table: MoabTable): string {
  if (args.join(' ') !== '-c --xml') throw new Failure(1, 'ERROR:    this emulator knows -c --xml alone')
  return printCompleted(table.all())
}
