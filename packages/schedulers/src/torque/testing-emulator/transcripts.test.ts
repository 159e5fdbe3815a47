/** For each record of Torque 6 the emulator prints the same bytes, once ids, dates, hosts and measured amounts are masked. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Output } from '../../driver.ts'
import { nowSeconds, openJobTable } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { recorded } from '../testing-recorded.ts'
import { answerCommand } from './answer-command.ts'
import { readServer, type ServerState, type TorqueJob, type TorqueTable } from './job-table.ts'
import { openTorqueEmulator, type TorqueEmulator } from './open-emulator.ts'
import { schedule } from './schedule.ts'

/** Whoever recorded took a folder out of the PATH; by where its line is folded it had this many characters. */
const hidden = `${'/x'.repeat(17)}:`

/** Beside ids, dates and hosts: amounts that a machine measures, and the number of the process. */
const masked = (text: string): string =>
  text
    .replaceAll(hidden, '')
    .replaceAll(new RegExp(`\\b${node}\\b`, 'g'), 'pbs1')
    .replace(/\b\d+(?=(?:\[\d*\])?\.pbs1\b)/g, '<id>')
    .replace(/(?<=\.[eo])\d+/g, '<id>')
    .replace(/\w{3} \w{3} [ \d]\d( at)? \d\d:\d\d(:\d\d \d{4})?/g, '<time>')
    .replace(/\b1[78]\d{8}\b/g, '<time>')
    .replace(/(<session_id>|session_id = )\d+/g, '$1<pid>')
    .replace(/(<Remaining>|Remaining = )\d+/g, '$1<seconds>')
    .replace(/(<total_runtime>)[\d.]+/g, '$1<seconds>')
    .replace(/<resources_used>.*?<\/resources_used>/g, (used) => used.replace(/>[\d:]+(?:kb)?</g, '><amount><'))

const script =
  '#!/bin/sh\n#PBS -N bw-01jk2m3n\n#PBS -q small\n#PBS -l walltime=00:05:00,nodes=1:ppn=2,mem=500mb\nsleep 60\n'

describe('for each record of Torque 6 the emulator prints the same bytes:', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchway-torque-records-'))
    writeFileSync(join(folder, 't.sh'), script)
    writeFileSync(join(folder, 'wall.sh'), '#!/bin/sh\n#PBS -l walltime=00:00:05\nsleep 90\n')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const seen = new Set<string>()

  /** A new server, whose table `make` fills. */
  function onServer(make: (world: World) => Output, change: Partial<ServerState> = {}): Output {
    using emulator = openTorqueEmulator(change)
    using table = openJobTable<TorqueJob>(emulator.folder)
    return make(worldOf(emulator, table))
  }

  interface World {
    readonly emulator: TorqueEmulator
    call(line: string, account?: string): Output
    change(number: number, change: Partial<TorqueJob>): void
    /** Another job of a record, so that the ids after it are the same. */
    skip(count: number): void
  }

  function worldOf(emulator: TorqueEmulator, table: TorqueTable): World {
    const place: Place = {
      folder: emulator.folder,
      account: 'alice',
      home: '/home/alice',
      shell: '/bin/bash',
      directory: folder,
      path: `${hidden}/usr/local/bin:/usr/bin:/bin`,
    }
    const call = (line: string, account = 'alice'): Output => {
      const [command = '', ...args] = line.replaceAll("'", '').split(' ')
      try {
        const { stdout, submitted } = answerCommand(command, args, table, { ...place, account })
        // Its variables name the folder from which it was submitted, which was the home.
        const job = submitted?.job
        if (job) table.update(job.number, { variables: { ...job.variables, PBS_O_WORKDIR: place.home } })
        table.locked(() => schedule(table, readServer(emulator.folder)))
        return { exitCode: 0, stdout, stderr: '' }
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        return { exitCode: error.exitCode, stdout: error.output, stderr: `${error.message}\n` }
      }
    }
    const change: World['change'] = (number, what) => table.locked(() => table.update(number, what))
    return {
      emulator,
      call,
      change,
      skip(count) {
        for (let made = 0; made < count; made++) {
          call('qsub -h t.sh')
          change(table.all().length - 1, { state: 'C', endedAt: 1 })
        }
      },
    }
  }

  const same = (file: string, said: Output): void => {
    seen.add(file)
    const { exitCode, stdout, stderr } = recorded(file)
    assert.equal(masked(said.stdout), masked(stdout))
    assert.equal(masked(said.stderr), masked(stderr))
    assert.equal(said.exitCode, exitCode)
  }
  const check = (
    file: string,
    make: (world: World, line: string) => Output,
    change: Partial<ServerState> = {},
  ): void => {
    const { command } = recorded(file)
    it(`${file}: ${command}`, () =>
      same(
        file,
        onServer((world) => make(world, command), change),
      ))
  }

  /** The first job of the records came by standard input, which a test has not. */
  function stdin({ call, change }: World, number: number, options: string): void {
    call(`qsub${options === '' ? '' : ` ${options}`} ${options === '' ? 'none.sh' : 't.sh'}`)
    change(number, { name: 'STDIN', submitArguments: options })
  }

  /** Jobs 0 (runs since a while) and 1 (runs). */
  function two(world: World): void {
    stdin(world, 0, '-q small -l nodes=1:ppn=2 -l mem=500mb -l walltime=00:10:00')
    world.change(0, {
      sessionId: 162_576,
      asked: [
        ['nodes', '1:ppn=2'],
        ['mem', '500mb'],
        ['walltime', '00:10:00'],
      ],
    })
    world.call('qsub t.sh')
    world.change(1, { sessionId: 162_583 })
  }

  /** Jobs 0 to 7 as they were when everything was waited for: 2 is held, 3 waits for a time, 4 was refused, 7 is an array. */
  function eight(world: World): void {
    two(world)
    world.call('qsub -h t.sh')
    world.call('qsub -a 2359 t.sh')
    world.skip(1)
    world.call('qsub -l nodes=1:ppn=6 t.sh')
    world.call('qsub -l nodes=1:ppn=4 t.sh')
    world.change(6, { sessionId: 162_677 })
    world.call('qsub -h -t 1-3 t.sh')
  }

  function deleted(world: World): void {
    two(world)
    world.call('qdel 1.pbs1')
    world.change(1, { state: 'C', exitStatus: 271, endedAt: nowSeconds() })
  }

  for (const file of [
    'qsub-ok',
    'qsub-array',
    'qsub-hold',
    'qsub-later',
    'qsub-fill',
    'qsub-queued',
    'qsub-badqueue',
    'qsub-badresource',
    'qsub-badwalltime',
    'qsub-nofile',
    'qsub-toobig',
  ])
    check(file, ({ call, skip }, line) => {
      skip(2)
      return call(line)
    })
  check('qdel-running', (world, line) => {
    two(world)
    return world.call(line)
  })
  check('qdel-completed', (world, line) => {
    deleted(world)
    return world.call(line)
  })
  check('qdel-unknown', ({ call }, line) => call(line))
  check('qdel-other-user', (world, line) => {
    eight(world)
    return world.call(line, 'bob')
  })
  check('qstat-unknown', ({ call }, line) => call(line))
  check('qstat-empty-queue', (world, line) => {
    two(world)
    return world.call(line)
  })
  for (const file of ['qstat-x-all', 'qstat-x-running', 'qstat-f-running'])
    check(file, (world, line) => {
      two(world)
      return world.call(line)
    })
  for (const file of ['qstat-x-held', 'qstat-x-waiting', 'qstat-x-queued', 'qstat-x-array', 'qstat-Qf', 'pbsnodes-x'])
    check(file, (world, line) => {
      eight(world)
      return world.call(line)
    })
  for (const file of ['qstat-x-completed', 'qstat-x-exiting'])
    check(file, (world, line) => {
      deleted(world)
      return world.call(line)
    })

  check('qstat-x-ended', (world, line) => {
    eight(world)
    const at = nowSeconds()
    world.change(0, { state: 'C', exitStatus: 0, isMeasured: true, endedAt: at })
    world.change(1, { state: 'C', exitStatus: 271, endedAt: at })
    world.change(6, { isMeasured: true })
    world.skip(3)
    world.call('qsub wall.sh')
    world.change(11, { state: 'C', slots: [2], startedAt: at, startCount: 1, sessionId: 162_823 })
    world.change(11, { comment: 'Job started on Sun Nov 22 at 09:53', isMeasured: true, exitStatus: -11, endedAt: at })
    writeFileSync(join(folder, 'none.sh'), 'nosuch\n')
    stdin(world, 12, '')
    world.change(12, { state: 'C', slots: [3], startedAt: at, startCount: 1, sessionId: 162_827, exitStatus: 127 })
    world.change(12, { comment: 'Job started on Sun Nov 22 at 09:53', endedAt: at })
    return world.call(line)
  })

  const down = { is: 'down' } as const
  for (const file of ['qstat-server-down', 'qsub-server-down'])
    check(file, ({ call }, line) => call(line.replace(/^timeout \d+ /, '')), down)

  it(`qstat-server-hung: it says nothing until it is killed`, () => {
    using emulator = openTorqueEmulator({ is: 'hung' })
    const command = `timeout 2 ${join(emulator.commands, 'qstat')} -x`
    const run = () => execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' })
    assert.throws(run, (error: unknown) => {
      if (!(error instanceof Error && 'status' in error && 'stdout' in error && 'stderr' in error)) return false
      same('qstat-server-hung', {
        exitCode: Number(error.status),
        stdout: String(error.stdout),
        stderr: String(error.stderr),
      })
      return true
    })
  })

  it('none is left out', () => {
    const files = readdirSync(new URL('../testdata/', import.meta.url)).map((name) => name.replace(/\.txt$/, ''))
    assert.deepEqual([...seen].toSorted(), files.toSorted())
  })
})
