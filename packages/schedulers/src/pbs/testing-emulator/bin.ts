/**
 * Stands where PBS's commands do, for machines on which PBS cannot be installed: `bin.ts FOLDER qsub|qstat|qdel ARGUMENTS…`. It keeps a job
 * table, runs each script as a child of whoever submitted it, and prints what the records of the real ones show.
 */
import { userInfo } from 'node:os'
import { openJobTable } from './job-table.ts'
import { mom } from './mom.ts'
import { Failure, type Place } from './place.ts'
import { qdel } from './qdel.ts'
import { qstat } from './qstat.ts'
import { qsub } from './qsub.ts'

const [folder = '', command = '', ...args] = process.argv.slice(2)
const { username, homedir, shell } = userInfo()
const place: Place = {
  folder,
  account: username,
  home: homedir,
  shell: shell ?? '/bin/sh',
  directory: process.cwd(),
  path: process.env.PATH ?? '',
}

try {
  using table = openJobTable(folder)
  switch (command) {
    case 'qsub':
      process.stdout.write(qsub(args, table, place))
      break
    case 'qstat':
      process.stdout.write(qstat(args, table))
      break
    case 'qdel':
      process.stdout.write(qdel(args, table, place))
      break
    case 'mom':
      await mom(Number(args[0]), table, place)
      break
    default:
      throw new Failure(2, `no command of PBS: ${command}`)
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error
  process.stdout.write(error.output)
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error.exitCode
}
