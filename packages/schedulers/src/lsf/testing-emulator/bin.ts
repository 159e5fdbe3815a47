/**
 * Stands where LSF's commands do, for machines on which LSF cannot be installed: keeps a job table, runs each script as a child of whoever
 * submitted it, and prints what the manuals and published outputs of the real ones show.
 */
import { runCommand } from '../../testing-emulator/run-command.ts'
import { bhist } from './bhist.ts'
import { bjobs } from './bjobs.ts'
import { bkill } from './bkill.ts'
import { bsub } from './bsub.ts'
import type { LsfJob } from './job-table.ts'
import { sbatchd } from './sbatchd.ts'

await runCommand<LsfJob>({ bsub, bjobs, bkill, bhist }, sbatchd)
