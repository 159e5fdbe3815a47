/**
 * Stands where PBS's commands do, for machines on which PBS cannot be installed: keeps a job table, runs each script as a child of whoever
 * submitted it, and prints what the records of the real ones show.
 */
import { writeFileSync } from 'node:fs'
import { jobFile } from '../../testing-emulator/job-table.ts'
import { type EmulatedCommand, runCommand, startFollower } from '../../testing-emulator/run-command.ts'
import { answerCommand, commandNames } from './answer-command.ts'
import { isIn, type PbsJob } from './job-table.ts'
import { mom } from './mom.ts'
import { schedule } from './schedule.ts'

const command =
  (name: string): EmulatedCommand<PbsJob> =>
  (args, table, place) => {
    if (isIn('hung', place.folder)) {
      setInterval(() => {}, 60_000)
      return new Promise(() => {})
    }
    const { stdout, submitted } = answerCommand(name, args, table, place)
    if (submitted === undefined) return stdout
    const { number, array } = submitted.job
    writeFileSync(jobFile(place.folder, number, 'script'), submitted.script, { mode: 0o700 })
    if (array === '') startFollower(place, number)
    table.locked(() => schedule(table)) // its script is there now
    return stdout
  }

await runCommand<PbsJob>(Object.fromEntries(commandNames.map((name) => [name, command(name)])), mom)
