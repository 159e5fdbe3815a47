/**
 * Stands where PBS's commands do, for machines on which PBS cannot be installed: keeps a job table, runs each script as a child of whoever
 * submitted it, and prints what the records of the real ones show.
 */
import { runCommand } from '../../testing-emulator/run-command.ts'
import type { PbsJob } from './job-table.ts'
import { mom } from './mom.ts'
import { qdel } from './qdel.ts'
import { qstat } from './qstat.ts'
import { qsub } from './qsub.ts'

await runCommand<PbsJob>({ qsub, qstat, qdel }, mom)
