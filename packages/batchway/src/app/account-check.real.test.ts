/** Which of the refused accounts a real sudo would have taken, had they not been refused: under the rule that careless sites write. Needs root. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { AccountsConfig } from '../core/accounts-config.ts'
import { BatchwayError } from '../core/errors.ts'
import { accountCheck, readUidMin } from './account-check.ts'
import { openNameService } from './name-service.ts'

const hub = 'batchway'
const check = accountCheck({ rules: AccountsConfig.parse({}), hub, uidMin: readUidMin(), names: openNameService() })
const uidOf = (name: string): string => execFileSync('id', ['-u', name], { encoding: 'utf8' }).trim()

describe('an account that is refused', () => {
  const folder = mkdtempSync('/var/tmp/batchway-accounts-')
  before(() => {
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'sudoers.d'), { mode: 0o755 })
    writeFileSync(join(folder, 'sudoers.d/naive'), `${hub} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** @returns the uid that a command runs with when sudo is asked for this account; null: sudo refuses, too. */
  function uidBySudo(account: string): string | null {
    const within = ['--mount', 'sh', '-c', 'mount --bind "$0" /etc/sudoers.d && exec "$@"', join(folder, 'sudoers.d')]
    const asHub = ['setpriv', `--reuid=${hub}`, `--regid=${hub}`, '--init-groups', '--']
    const sudo = ['/usr/bin/sudo', '-n', '-u', account, '--', '/usr/bin/id', '-u']
    const { status, stdout } = spawnSync('unshare', [...within, ...asHub, ...sudo], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    return status === 0 ? stdout.trim() : null
  }
  const isRefused = (account: string): Promise<void> =>
    assert.rejects(
      check(account, 'Larch'),
      (error) => error instanceof BatchwayError && error.code === 'invalid_choice',
    )

  it('is none that may be used', async () => {
    await check('alice', 'Larch')
    assert.equal(uidBySudo('alice'), uidOf('alice'))
  })

  const taken: readonly (readonly [account: string, uid: string])[] = [
    ['root', '0'],
    ['#0', '0'],
    ['#00', '0'],
    ['daemon', uidOf('daemon')],
    ['#1', '1'],
    ['nobody', '65534'],
    ['munge', uidOf('munge')],
    ['slurm', uidOf('slurm')],
    ['www-data', uidOf('www-data')],
    ['sync', uidOf('sync')],
    [hub, uidOf(hub)],
    [`#${uidOf('alice')}`, uidOf('alice')],
    [`#${uidOf(hub)}`, uidOf(hub)],
  ]
  for (const [account, uid] of taken)
    it(`would have been taken by sudo: ${account}`, async () => {
      assert.equal(uidBySudo(account), uid)
      await isRefused(account)
    })

  // What sudo knows no account for, or takes for something else.
  for (const account of [
    '',
    '-u',
    '--user=root',
    '+root',
    '@root',
    '%root',
    'ROOT',
    'Alice',
    '0',
    '4294967295',
    '#-1',
    'alice.',
    'alice@',
    'alice,root',
    `x${'y'.repeat(300)}`,
  ])
    it(`would not have been taken, and never gets there: ${JSON.stringify(account.slice(0, 20))}`, async () => {
      assert.equal(uidBySudo(account), null)
      await isRefused(account)
    })

  it('by its shell or uid alone, whatever its name', async () => {
    const account = `bwt${process.pid}`
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', account])
    try {
      assert.equal(uidBySudo(account), uidOf(account))
      await isRefused(account)
    } finally {
      execFileSync('userdel', [account])
    }
  })
})
