import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { nameCommand } from './name-command.ts'

describe('nameCommand', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'batchway-names-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function ask(script: string, subject = 'alice@example.edu') {
    const program = join(folder, 'program')
    await writeFile(program, `#!/bin/sh\n${script}\n`)
    await chmod(program, 0o755)
    return nameCommand([program, 'argument']).find({ subject, claims: { groups: ['a b', '$(id)'] }, endsAt: null })
  }

  it('hands the subject over by the environment, claims on standard input, and nothing among the arguments', async () => {
    assert.equal(await ask('echo "$BATCHWAY_SUBJECT:$#:$1"'), 'alice@example.edu:1:argument')
    assert.equal(await ask('echo "$BATCHWAY_SUBJECT"', '--help; $(touch x)'), '--help; $(touch x)')
    assert.equal(await ask('cat'), '{"subject":"alice@example.edu","claims":{"groups":["a b","$(id)"]}}')
    assert.equal(
      await ask('env | grep -c -v -e ^PATH= -e ^LC_ALL= -e ^BATCHWAY_SUBJECT= -e ^PWD= -e ^SHLVL= -e ^_='),
      null,
    )
  })

  it('takes exit code 1 for "no name", and anything else for a failure', async () => {
    assert.equal(await ask('exit 1'), null)
    for (const script of ['exit 2', 'true', 'printf "a\\nb\\n"', 'kill -9 $$', 'head -c 9000 /dev/zero | tr "\\0" a'])
      await assert.rejects(ask(script), { code: 'sign_in_unavailable' }, script)
    const missing = nameCommand([join(folder, 'missing')])
    await assert.rejects(missing.find({ subject: 'a', claims: {}, endsAt: null }), { code: 'sign_in_unavailable' })
  })
})
