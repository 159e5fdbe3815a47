/** systemd itself reads the units of the nightly report. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { reportTimer, reportUnit, type UnitFacts } from './units.ts'

const facts: UnitFacts = {
  instance: null,
  account: 'root',
  program: ['/bin/true'],
  configFile: '/etc/batchway/batchway.yaml',
  stateDirectory: '/var/lib/batchway',
  isTraversable: false,
  logFolders: { hub: [], proxy: [] },
  usesSudo: true,
  localScheduler: null,
  listen: ['127.0.0.1:8000'],
  hasLowPorts: { proxy: false, hub: false },
  report: { isMailed: true, timeZone: 'Europe/Berlin' },
  environment: {},
}

function verify(service: string, timer: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-report-units-'))
  try {
    const files = [join(folder, 'batchway-report.service'), join(folder, 'batchway-report.timer')]
    writeFileSync(files[0] ?? '', service)
    writeFileSync(files[1] ?? '', timer)
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' })
    return stdout + stderr
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the units of the nightly report', () => {
  it('pass systemd-analyze verify', () => assert.equal(verify(reportUnit(facts), reportTimer(facts)), ''))

  it('would not with a zone that does not exist, or a setting that nobody knows', () => {
    const odd = { ...facts, report: { isMailed: true, timeZone: 'Europe/Nowhere' } }
    assert.notEqual(verify(reportUnit(facts), reportTimer(odd)), '')
    assert.notEqual(verify(`${reportUnit(facts)}Nonsense=1\n`, reportTimer(facts)), '')
  })

  it('come round once a day, after midnight of the site’s clocks', () => {
    const [, when = ''] = /^OnCalendar=(.*)$/m.exec(reportTimer(facts)) ?? []
    const said = execFileSync(
      'systemd-analyze',
      ['calendar', '--base-time=2026-10-24 12:00:00 UTC', '--iterations=3', when],
      {
        encoding: 'utf8',
        env: { ...process.env, TZ: 'UTC' },
      },
    )
    // Two days before the clocks go back, and after.
    const times = [...said.matchAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g)].map(([time]) => time)
    assert.deepEqual(
      [...new Set(times)].filter((time) => /:05:00/.test(time)),
      ['2026-10-24 22:05:00 UTC', '2026-10-25 23:05:00 UTC', '2026-10-26 23:05:00 UTC'],
    )
  })
})
