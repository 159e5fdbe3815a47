/** What sudo, Slurm and a probe job print to the doctor, and what people ask the audit log for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseMoment, toJsonLine, toLine } from './audit-lines.ts'
import { parseJobReport } from './doctor/job-report.ts'
import { parseCondorVersion } from './doctor/judge-htcondor.ts'
import { parseSudoList } from './doctor/parse-sudo-list.ts'
import { parseSlurmSettings, parseSlurmVersion } from './doctor/slurm-settings.ts'
import { parsePartitions } from './start/find-machine.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(
      fc.constantFrom(
        '$CondorVersion: 23.9.6 2026-07-12 $',
        'User x may run the following commands on h:\n',
        'Matching Defaults entries for x on h:\n',
        '    (alice : ALL) ',
        'NOPASSWD: ',
        '/bin/a',
        ', ',
        '\\,',
        '\n',
        '\n        ',
        'env_keep+="A B"',
        '!env_reset',
        '(',
        ')',
        'MinJobAge = 300 sec',
        'PrivateData = jobs,usage',
        'SLURM_VERSION = ',
        '22.05.8',
        'home-state=ok',
        'app.x=ok /bin/x',
        'hub.status=200',
        'clock=1',
        '=',
        '2d',
        'a|1:00|4|1000|up\n',
        '|',
        '2026-01-31',
        'T12:00',
      ),
      { maxLength: 14 },
    )
    .map((all) => all.join('')),
)

describe('what programs print to the doctor', () => {
  it('is read or left out', () =>
    fc.assert(
      fc.property(text, (printed) => {
        const bare = printed.replace(/\s/g, '')
        for (const { runAs, commands } of parseSudoList(printed).rules) {
          // Lines that continue another are joined.
          assert.ok(runAs.every((each) => each !== '' && bare.includes(each.replace(/\s/g, ''))))
          for (const { needsPassword } of commands) if (!needsPassword) assert.match(printed, /NOPASSWD/)
        }
        const { minJobAgeSeconds } = parseSlurmSettings(printed)
        assert.ok(minJobAgeSeconds === null || minJobAgeSeconds >= 0)
        const version = parseSlurmVersion(printed)
        assert.ok(version === null || version.every((part) => part >= 0 && part < 100))
        const condor = parseCondorVersion(printed)
        assert.ok(condor === null || condor.every((part) => part >= 0 && part < 10_000))
        for (const { name, cores } of parsePartitions(printed)) assert.ok(printed.includes(name) && cores >= 0)
        const report = parseJobReport(printed)
        assert.ok(report === null || ['ok', 'missing', 'full', 'read-only', 'not-writable'].includes(report.homeState))
      }),
    ))
  it('of any length is read in one go, however it repeats', () => {
    // What took the square of its length would take an hour: the runner's limit ends it.
    for (const shape of ['\n', ' ', ',', '\\,', '=', '(', 'NOPASSWD: ', ':', 'a', '22.', '\n     ', 'env_keep ', '"'])
      for (const start of [
        '',
        'User x may run the following commands on ',
        '(a) ',
        'env_keep',
        'Matching Defaults entries for ',
      ]) {
        const long = `${start}${shape.repeat(300_000 / shape.length)}!`
        for (const read of [
          parseSudoList,
          parseSlurmSettings,
          parseSlurmVersion,
          parseCondorVersion,
          parseJobReport,
          parsePartitions,
        ])
          read(long)
        parseMoment(long, 0)
      }
  })
})

describe('the audit log', () => {
  it('is asked for a moment that is a time, and shown in one line', () =>
    fc.assert(
      fc.property(text, (words) => {
        const moment = parseMoment(words, 1_000_000)
        assert.ok(moment === null || Number.isFinite(new Date(moment).getTime()))
        const clean = words.replace(/\p{C}/gu, '')
        const entry = {
          id: 1,
          at: 0,
          actor: clean,
          action: 'sign-in',
          object: clean,
          address: clean,
          way: clean,
          outcome: 'ok',
          detail: clean,
        } as const
        assert.doesNotMatch(toLine(entry) + toJsonLine(entry), /\n/)
      }),
    ))
})
