import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sampleAttempt, sampleSession } from '../store/contract/samples.ts'
import { openStores } from '../store/stores.ts'
import { type ReportOptions, reportText } from './report-command.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('../../bin/batchway', import.meta.url))
const log = fileURLToPath(new URL('../../../../test/fixtures/founding-report.jsonl', import.meta.url))

const now = Date.parse('2026-11-19T12:42:10Z')

const talk = `username  count  Failures  avg(starttime)  max(starttime)  latest(queue)     latest(mem)  latest(walltime)  latest(nodes)
balc0022     26         1       46.565667         117.146  ram256g@mesabim3        125gb           4:00:00       1:ppn=12
jj            4         2                                  mesabi@mesabim3           4gb           8:00:00        1:ppn=2
yminato      10         0       34.327000          86.152  mesabi@mesabim3           4gb           8:00:00        1:ppn=2
`

describe('batchway report', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'batchway-report-'))
  })
  after(() => rm(directory, { recursive: true, force: true }))
  const report = async (options: Partial<ReportOptions>) => {
    const warnings: string[] = []
    const given: ReportOptions = { by: 'user', format: 'table', foot: true, ...options }
    return { text: await reportText(given, now, (words) => warnings.push(words)), warnings }
  }
  const refused = (options: Partial<ReportOptions>, words: RegExp) => assert.rejects(report(options), words)

  it('prints the founding talk’s rows from the log that is kept', async () => {
    const { stdout, stderr } = await run(program, ['report', '--from-log', log, '--no-foot'])
    assert.equal(stdout, talk)
    assert.equal(stderr, '')
    const file = join(directory, 'report.csv')
    await run(program, ['report', '--from-log', log, '--format', 'csv', '--output', file, '--columns', 'ok,other'])
    const [head, row] = (await readFile(file, 'utf8')).split('\r\n')
    assert.match(head ?? '', /^username,count,Failures,.*,latest\(nodes\),ok,other$/)
    assert.match(row ?? '', /^balc0022,26,1,46\.565667,.*,1:ppn=12,24,1$/)
    const wrong = run(program, ['report', '--from-log', log, '--columns', 'nonsense'])
    await assert.rejects(wrong, /there is no column "nonsense"; there are: ok, other/)
  })

  it('reads several logs as one, and says what they cannot tell', async () => {
    const lines = (await readFile(log, 'utf8')).split('\n')
    const [first, second] = [join(directory, 'one.jsonl'), join(directory, 'two.jsonl')]
    await writeFile(first, `${lines.slice(0, 62).join('\n')}\n`)
    // What a log daemon puts before each line, somebody else's lines, one that was cut.
    await writeFile(
      second,
      `Nov 18 03:00:00 hub batchway: ${lines.slice(62).join('\nNov 18 03:00:00 hub batchway: ')}{"time"\nhello\n`,
    )
    const whole = await report({ fromLog: [first, second], foot: false })
    assert.deepEqual(whole, { text: talk, warnings: [] })
    const half = await report({ fromLog: [second], foot: false })
    assert.match(half.warnings.join(), /1 sessions were asked for before the log begins/)
    await writeFile(first, `${lines[0]?.slice(0, 80)}\n`)
    assert.match((await report({ fromLog: [first] })).warnings.join(), /1 lines of sessions could not be read/)
  })

  it('writes JSON, by what is asked', async () => {
    const { text } = await report({ fromLog: [log], format: 'json', by: 'profile', sort: '-count' })
    const answer = JSON.parse(text)
    assert.deepEqual(
      answer.rows.map((one: { profile: string; count: number }) => [one.profile, one.count]),
      [
        ['mesabi2c4g12h', 26],
        ['mesabi128gb', 14],
      ],
    )
    assert.equal(answer.total.failures, 3)
    assert.deepEqual(answer.people.ever, 3)
  })

  it('reads a database file without changing it', async () => {
    const file = join(directory, 'old.db')
    const at = Date.parse('2026-10-25T00:30:00Z')
    {
      await using stores = await openStores(`sqlite:${file}`, () => at)
      for (const [id, createdAt] of [
        ['a', at],
        // Past midnight in Berlin, not in UTC.
        ['b', Date.parse('2026-10-25T22:59:59Z')],
        ['c', Date.parse('2026-10-25T23:00:00Z')],
      ] as const)
        await stores.sessions.insert(
          sampleSession({ id, serverName: id, createdAt }),
          sampleAttempt({ sessionId: id, tag: `b-${id}` }),
        )
    }
    const bytes = await readFile(file)
    const { text } = await report({ database: file, day: '2026-10-25', timeZone: 'Europe/Berlin' })
    assert.match(text, /^alice\s+2\s+0\s/m)
    assert.match(text, /from 2026-10-25T00:00:00\+02:00 to 2026-10-26T00:00:00\+01:00 \(Europe\/Berlin\)/)
    assert.deepEqual(await readFile(file), bytes)
    await refused({ database: join(directory, 'none.db') }, /there is no database yet/)
    await refused({ database: log }, /is not a database|cannot be opened/)
  })

  it('refuses what it does not know, in words', async () => {
    await refused({ fromLog: [log], from: '18.11.2026' }, /from: write 2026-01-31/)
    await refused({ fromLog: [log], sort: 'p95' }, /no column "p95" is shown/)
    await refused({ fromLog: [join(directory, 'none')] }, /ENOENT/)
  })
})
