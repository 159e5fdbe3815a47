/** For each record of OpenPBS 23.06.06 the emulator prints the same bytes, once ids, dates, hosts and measured amounts are masked. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Output } from '../../driver.ts'
import { openJobTable } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { answerCommand } from './answer-command.ts'
import { type PbsJob, type PbsTable, setTrouble } from './job-table.ts'
import { endOf } from './mom.ts'
import { openPbsEmulator } from './open-emulator.ts'
import { schedule } from './schedule.ts'

interface Recorded extends Output {
  readonly command: string
}

function recorded(file: string): Recorded {
  const text = readFileSync(new URL(`../testdata/${file}.txt`, import.meta.url), 'utf8')
  const [, command = '', exit, stdout = '', stderr = ''] =
    /^# command: (.*)\n# exit: (\d+)\n# --- stdout\n([\s\S]*?)# --- stderr\n([\s\S]*)$/.exec(text) ?? []
  return { command, exitCode: Number(exit), stdout, stderr }
}

/** Whoever recorded took folders out of the PATH; by where its line is folded they had 15 to 34 characters. */
const hidden = `${'/x'.repeat(10)}:`

/** Beside ids, dates and hosts: amounts that a machine measures, and the number of the process. */
const masked = (text: string): string =>
  text
    .replaceAll(hidden, '')
    .replaceAll(new RegExp(`\\b${node}\\b`, 'g'), 'pbs1')
    .replace(/\b\d+(?=(?:\[\d*\])?\.pbs1\b)/g, '<id>')
    .replace(/(?<=\.[eo])\d+/g, '<id>')
    .replace(/\w{3} \w{3} [ \d]\d( at)? \d\d:\d\d(:\d\d \d{4})?/g, '<time>')
    .replace(/("(?:timestamp|history_timestamp|last_state_change_time)":\t)\d+/g, '$1<time>')
    .replace(/("session_id":\t| session_id = )\d+/g, '$1<pid>')
    .replace(/(resources_used\.(?:cput|mem|vmem|walltime) = ).*/g, '$1<amount>')
    .replace(/(?<="resources_used":\t\{)[^}]*/g, (used) =>
      used.replace(/("(?:cput|mem|vmem|walltime)":\t)"[^"]*"/g, '$1<amount>'),
    )

const scripts = {
  'j.sh':
    '#!/bin/sh\n#PBS -N bw-01jk2m3n\n#PBS -j oe\n#PBS -l select=1:ncpus=2:mem=500mb\n#PBS -l walltime=00:02:00\nsleep 60\n',
  'demo.sh': '#!/bin/sh\nsleep 60\n',
  'wall.sh': '#!/bin/sh\n#PBS -l walltime=00:00:05\nsleep 90\n',
  'fail.sh': '#!/bin/sh\nnosuch\n',
}

interface World {
  readonly folder: string
  call(line: string, account?: string): Output
  change(number: number, change: Partial<PbsJob>): void
  /** Its script ends by itself, or since its time was up or somebody has deleted it. */
  end(number: number, code: number, why?: 'exit' | 'walltime'): void
}

describe('for each record of OpenPBS 23.06.06 the emulator prints the same bytes:', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchway-pbs-records-'))
    for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  function worldOf(table: PbsTable, emulatorFolder: string): World {
    const place: Place = {
      folder: emulatorFolder,
      account: 'alice',
      home: '/home/alice',
      shell: '/bin/bash',
      directory: folder,
      path: `${hidden}/opt/pbs/bin:/usr/bin:/bin`,
    }
    const takeTurn = () =>
      table.locked(() => {
        schedule(table)
        // Where a comment is folded depends on the length of the node's name.
        for (const { number, comment } of table.all())
          if (comment.includes(`(${node}:`))
            table.update(number, { comment: comment.replaceAll(`(${node}:`, '(pbs1:') })
      })
    const call = (line: string, account = 'alice'): Output => {
      const [command = '', ...args] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, word]) => quoted ?? word ?? '',
      )
      try {
        const { stdout, submitted } = answerCommand(command, args, table, { ...place, account })
        // Its variables name the folder from which it was submitted, which was the home.
        const job = submitted?.job
        if (job) table.update(job.number, { variables: { ...job.variables, PBS_O_WORKDIR: place.home } })
        takeTurn()
        return { exitCode: 0, stdout, stderr: '' }
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        return { exitCode: error.exitCode, stdout: error.output, stderr: `${error.message}\n` }
      }
    }
    return {
      folder: emulatorFolder,
      call,
      change: (number, change) => table.locked(() => table.update(number, change)),
      end(number, code, why = 'exit') {
        const job = table.find(number)
        assert.ok(job)
        table.update(number, endOf(job, { why, code, signal: null }))
        takeTurn()
      },
    }
  }

  const seen = new Set<string>()
  const same = (file: string, said: Output): void => {
    seen.add(file)
    const { exitCode, stdout, stderr } = recorded(file)
    assert.equal(masked(said.stdout), masked(stdout))
    assert.equal(masked(said.stderr), masked(stderr))
    assert.equal(said.exitCode, exitCode)
  }
  /** @param prepare what happened on a new server before the call. */
  const check = (file: string, prepare: (world: World) => void = () => {}, account = 'alice'): void => {
    const { command } = recorded(file)
    it(`${file}: ${command}`, () => {
      using emulator = openPbsEmulator()
      using table = openJobTable<PbsJob>(emulator.folder)
      const world = worldOf(table, emulator.folder)
      prepare(world)
      same(file, world.call(command.replace(/^\(server unreachable\) | # --- stderr$/g, ''), account))
    })
  }

  /** Jobs 0 and 1 run. The first came by standard input, which a test has not. */
  function two({ call, change }: World): void {
    const options = '-N bw-demo -l select=1:ncpus=2:mem=500mb -l walltime=00:10:00'
    call(`qsub ${options} demo.sh`)
    change(0, { submitArguments: options, sessionId: 78_992, substate: 42 })
    call('qsub j.sh')
    change(1, { sessionId: 80_424, substate: 42 })
  }

  /** Jobs 0 to 7: 2 is held, 3 waits for a time, 4 can never run, 5 waits for cores that 6 has taken, 7 is an array. */
  function eight(world: World): void {
    two(world)
    world.call('qsub -h j.sh')
    world.call('qsub -a 2359 j.sh')
    world.call('qsub -l select=1:ncpus=64 -- /bin/sleep 10')
    world.call('qsub -l select=1:ncpus=6 -- /bin/sleep 100')
    world.call('qsub -l select=1:ncpus=4 -- /bin/sleep 10')
    world.change(6, { sessionId: 80_540, substate: 42 })
    world.call('qsub -J 1-3 -h -- /bin/sleep 10')
  }

  /** Job 1 was deleted, and is about to end. */
  function deleted(world: World): void {
    two(world)
    world.call('qdel 1.pbs1')
  }

  function ended(world: World): void {
    eight(world)
    world.call('qdel 1.pbs1')
    world.end(1, 0)
    world.end(6, 0)
    world.change(5, { sessionId: 80_757, substate: 42 })
    world.end(0, 0)
    world.call('qsub wall.sh')
    world.change(8, { sessionId: 84_519, substate: 42 })
    world.call('qsub fail.sh')
    world.end(9, 127)
    world.end(8, 0, 'walltime')
  }

  for (const file of ['ok', 'array', 'hold', 'later', 'fill', 'queued', 'toobig'])
    check(`qsub-${file}`, ({ call }) => call('qsub j.sh'))
  for (const file of ['badqueue', 'badresource', 'badwalltime', 'nofile', 'special']) check(`qsub-${file}`)
  check('qdel-running', two)
  check('qdel-finished', deleted)
  check('qdel-unknown')
  check('qdel-other-user', eight, 'bob')
  check('qstat-unknown')
  for (const file of ['plain', 'F-json-running', 'fx-all', 't-all-json', 'unknown-and-known'])
    check(`qstat-${file}`, two)
  for (const file of ['f-held', 'f-waiting', 'f-neverruns', 'f-queued', 'f-queued-text', 'f-array'])
    check(`qstat-${file}`, eight)
  for (const file of ['special-json', 'special-text', 'Bf-json', 'Qf-json']) check(`qstat-${file}`, eight)
  check('pbsnodes-json', eight)
  check('qstat-other-user', eight, 'bob')
  check('qstat-f-suspended', (world) => {
    two(world)
    world.change(1, { state: 'S', substate: 43 })
  })
  check('qstat-f-running', (world) => {
    two(world)
    world.change(1, { sessionId: 0, substate: 41 }) // its daemon has not told of it yet
  })
  check('qstat-finished-no-x', deleted)
  check('qstat-finished-x-json', deleted)
  check('qstat-fx-json-ended', ended)
  for (const file of ['qsub-server-down', 'qstat-server-down'])
    check(file, ({ folder: place }) => setTrouble('down', place))

  it('qstat-server-hung: it says nothing until it is killed', () => {
    using emulator = openPbsEmulator()
    setTrouble('hung', emulator.folder)
    const args = ['2', join(emulator.commands, 'qstat'), '-f', '-F', 'json']
    const { status, stdout, stderr } = spawnSync('timeout', args, { encoding: 'utf8' })
    same('qstat-server-hung', { exitCode: status ?? -1, stdout, stderr })
  })

  it('the masks hide no state, no reason, no name and no resource', () => {
    const { stdout } = recorded('qstat-special-json')
    for (const [was, other] of [
      ['"job_state":\t"W"', '"job_state":\t"R"'],
      ['Can Never Run', 'Not Running'],
      ['bw-demo"', 'bw-dome"'],
      ['"ncpus":\t2', '"ncpus":\t3'],
      ['"substate":\t42', '"substate":\t43'],
    ] as const) {
      assert.ok(stdout.includes(was), was)
      assert.notEqual(masked(stdout.replace(was, other)), masked(stdout), was)
    }
  })

  it('none is left out', () => {
    const files = readdirSync(new URL('../testdata/', import.meta.url)).map((name) => name.replace(/\.txt$/, ''))
    assert.deepEqual([...seen].toSorted(), files.toSorted())
  })
})
