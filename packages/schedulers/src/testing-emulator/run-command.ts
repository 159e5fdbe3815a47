import { spawn } from 'node:child_process'
import { type JobTable, openJobTable, type TableJob } from './job-table.ts'
import { Failure, type Place, placeOfProcess } from './place.ts'

/** One command of a scheduler. @returns what it prints. @throws {Failure} as the real one refuses. */
export type EmulatedCommand<J extends TableJob> = (
  args: readonly string[],
  table: JobTable<J>,
  place: Place,
) => string | Promise<string>

/** The word after which an emulator's program looks after one job, by its number. @see followJob */
const follower = 'follow'

/**
 * The whole of an emulator's program: reads `FOLDER COMMAND ARGUMENTS…` and answers as that command.
 * @param follow runs a job that was submitted, in a process of its own, until its end.
 */
export async function runCommand<J extends TableJob>(
  commands: Readonly<Record<string, EmulatedCommand<J>>>,
  follow: (number: number, table: JobTable<J>, place: Place) => Promise<void>,
): Promise<void> {
  const [folder = '', name = '', ...args] = process.argv.slice(2)
  const place = placeOfProcess(folder)
  try {
    using table = openJobTable<J>(folder)
    if (name === follower) return await follow(Number(args[0]), table, place)
    const command = commands[name]
    if (command === undefined) throw new Failure(2, `no command of this emulator: ${name}`)
    process.stdout.write(await command(args, table, place))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.stdout.write(error.output)
    if (error.message !== '') process.stderr.write(`${error.message}\n`)
    process.exitCode = error.exitCode
  }
}

/** Starts the process that looks after a job: as whoever submitted it, and with nothing of their environment. */
export function startFollower({ folder }: Place, number: number): void {
  const [node = '', program = ''] = [process.execPath, process.argv[1]]
  const args = ['--conditions=source', program, folder, follower, String(number)]
  spawn(node, args, { detached: true, stdio: 'ignore', env: {} }).unref()
}
