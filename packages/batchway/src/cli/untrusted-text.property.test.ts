/** What sudo, Slurm and a probe job print to the doctor, and what people ask the audit log for. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseMoment, toJsonLine, toLine } from './audit-lines.ts'
import { parseTarHeader, tarHeader } from './backup/tar-header.ts'
import { parseJobReport } from './doctor/job-report.ts'
import { parseCondorVersion } from './doctor/judge-htcondor.ts'
import { parseSudoList } from './doctor/parse-sudo-list.ts'
import { parseSlurmSettings, parseSlurmVersion } from './doctor/slurm-settings.ts'
import { parseSums } from './install/verify-release.ts'
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

describe('the checksums of a release', () => {
  const line = fc.tuple(
    fc.constantFrom('a'.repeat(64), 'A'.repeat(64), '0'.repeat(63)),
    fc.constantFrom('  ', ' *', ' ', ''),
    fc.array(fc.constantFrom('a', '/', '..', '.', ' ', '\0', '\\'), { maxLength: 8 }).map((parts) => parts.join('')),
  )
  it('are paths inside it, or refused', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.array(line.map((parts) => parts.join(''))).map((all) => all.join('\n')),
        ),
        (words) => {
          let lines: ReturnType<typeof parseSums>
          try {
            lines = parseSums(words)
          } catch (error) {
            assert.match(String(error), /^Error: SHA256SUMS, line \d+ is not/)
            return
          }
          for (const { sha256, path } of lines) {
            assert.match(sha256, /^[0-9a-f]{64}$/)
            assert.ok(resolve('/release', path).startsWith('/release'), path)
          }
        },
      ),
    ))
})

describe('the head of a file in a backup', () => {
  const head = tarHeader({ path: 'state/hub.key', mode: 0o600, size: 65, isFolder: false }, 1)
  const damage = fc.array(fc.tuple(fc.nat(511), fc.nat(255)), { maxLength: 4 })
  it('is what was written, or refused', () => {
    assert.deepEqual(parseTarHeader(head), { path: 'state/hub.key', size: 65, isFile: true })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 0, maxLength: 520 }), damage), (given) => {
        const bytes = Buffer.from(head)
        if (Array.isArray(given)) for (const [at, byte] of given) bytes[at] = byte
        try {
          const entry = parseTarHeader(given instanceof Uint8Array ? Buffer.from(given) : bytes)
          assert.ok(entry === null || Number.isSafeInteger(entry.size))
        } catch (error) {
          assert.match(String(error), /^Error: not an archive of "batchway backup", or damaged$/)
        }
      }),
    )
  })
})
