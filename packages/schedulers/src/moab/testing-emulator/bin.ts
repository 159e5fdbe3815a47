/**
 * Stands where Moab's commands do, for machines on which Moab cannot be installed: keeps a job table, runs each script as a child of whoever
 * submitted it, and prints what the manuals and published outputs of the real ones show.
 */
import { runCommand } from '../../testing-emulator/run-command.ts'
import type { MoabJob } from './job-table.ts'
import { mdiag, showq } from './mdiag.ts'
import { mjobctl } from './mjobctl.ts'
import { mom } from './mom.ts'
import { msub } from './msub.ts'

await runCommand<MoabJob>({ msub, mdiag, showq, mjobctl }, mom)
