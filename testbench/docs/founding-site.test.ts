/** What the example holds is what it says: the talk's list, a configuration without problems, and the front server's file as it is printed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const config = join(root, 'examples/founding-site/batchway.yaml')

function batchway(...words: string[]): string {
  const entry = join(root, 'packages/batchway/src/cli/main.ts')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=source', entry, ...words, '--config', config],
    {
      encoding: 'utf8',
    },
  )
  assert.equal(status, 0, stderr)
  return stdout
}

describe('the example of the founding site', () => {
  it('has the talk’s profiles to the letter', () =>
    assert.equal(
      read('examples/founding-site/profiles.py'),
      read('packages/batchway/src/profiles/import/testdata/founding-talk.py'),
    ))

  it('has a configuration without problems', () => assert.match(batchway('config', 'check'), /no problems/))

  it('has the front server’s file as it is printed today, but for the sign-on and where the secret lies', () => {
    const secrets = '/srv/founding-site/secrets'
    const own = ['--port', '8443', '--certificate', `${secrets}/cert.pem`, '--key', `${secrets}/key.pem`]
    const lines = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '')
    const printed = lines(batchway('front-config', 'apache', ...own))
    const kept = lines(read('examples/founding-site/apache/jupyter.conf'))
    const added = kept.filter((line) => !printed.includes(line)).map((line) => line.trim())
    const left = printed.filter((line) => !kept.includes(line)).map((line) => line.trim())
    assert.deepEqual(added, [
      '# Made by "batchway front-config apache"; this site\'s own lines in it: where the secret lies, and the sign-on.',
      '# Modules: ssl headers proxy proxy_http proxy_wstunnel setenvif',
      `Include ${secrets}/front.conf`,
      'Include sign-on.conf',
      '# --- Single sign-on.',
      'Include sign-on-session.conf',
      'RequestHeader set Remote_User_Data "expr=%{REMOTE_USER}@xyz.edu;hpc,staff"',
    ])
    assert.ok(left.length > 0 && left.length <= 9, left.join('\n'))
    for (const line of left)
      assert.match(
        line,
        /^(?:# Batchway behind|# The secret|Include \/etc|# --- Single|Auth|RequestHeader set Remote_User_Data)/,
      )
  })
})
