import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { type JobScriptOrder, renderJobScript } from './job-script.ts'
import { shellQuote, shellQuoteText, UnsafeShellValue } from './shell-quote.ts'
import { ask, installForTests, ourselves, sharedFolder, startAgent } from './testing/agent-bench.ts'
import { openFakeHub, reportsOf } from './testing/fake-hub.ts'
import { shells, stageIn, ticket } from './testing/job-script-stage.ts'
import { until } from './testing/until.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const stage = (name: string) => stageIn(folder.path, name)

describe('the job script', () => {
  for (const shell of shells) {
    it(`becomes the agent with the ticket on standard input (${shell})`, () => {
      const { root, home, order, run, started } = stage(`ok-${shell}`)
      const result = run(shell, renderJobScript(order), {
        SLURM_EXPORT_ENV: 'NONE',
        SLURM_CPU_BIND: 'x',
        SUDO_USER: 'root',
        NODE_OPTIONS: '--nonsense',
        BATCHWAY_RUNTIME_DIR: '/',
      })
      assert.deepEqual([result.status, result.stderr], [0, ''])
      assert.equal(started(), `${home}\n${order.agentDir}/dist/bin.js\n${JSON.stringify(ticket)}\n`)
      const env = readFileSync(join(root, 'environment'), 'utf8')
      assert.doesNotMatch(env, /SLURM_|SUDO_|^NODE_OPTIONS|canary-script-secret/m)
      assert.match(env, /^BATCHWAY_NODE_OPTIONS=--nonsense$/m)
      assert.match(env, new RegExp(`^XDG_RUNTIME_DIR=${root}/batchway-`, 'm'))
      assert.deepEqual(readdirSync(home), [], 'the write test leaves nothing')
    })

    it(`does nothing when it was cut, wherever (${shell})`, () => {
      const { root, home, order, run, started } = stage(`cut-${shell}`)
      const script = renderJobScript({ ...order, modules: ['a'], prologue: 'true' }).trimEnd()
      mkdirSync(join(root, 'cuts'))
      for (let length = 0; length < script.length; length++)
        writeFileSync(join(root, 'cuts', String(length)), script.slice(0, length))
      const before = readdirSync(root)
      // One shell starts them all: a process from here for each of the thousands would take a minute.
      const loop =
        'for cut in "$1"/cuts/*; do "$2" "$cut" 2>/dev/null </dev/null && [ -s "$cut" ] && echo "$cut"; done; true'
      const env = { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: root }
      const { stdout } = spawnSync('sh', ['-c', loop, 'sh', root, shell], { env, encoding: 'utf8' })
      const succeeded = stdout
        .split('\n')
        .filter(Boolean)
        .map((path) => Number(basename(path)))
      assert.ok(
        succeeded.every((length) => length <= script.indexOf('{')),
        'only the comment at the top is a script',
      )
      assert.equal(started(), null)
      assert.deepEqual([readdirSync(root), readdirSync(home)], [before, []])
      run(shell, renderJobScript(order).trimEnd())
      assert.notEqual(started(), null, 'positive control: the whole script does run')
    })

    it(`says in words what is wrong, with a status of its own (${shell})`, () => {
      const { root, home, order, run, started } = stage(`wrong-${shell}`)
      const cases: [string, number, string, Partial<JobScriptOrder>, Record<string, string>][] = [
        ['home', 60, 'home-missing', {}, { HOME: join(root, 'none') }],
        ['runtime', 64, 'runtime-not-startable', { node: join(root, 'none') }, {}],
        ['agent', 65, 'agent-missing', { agentDir: join(root, 'none') }, {}],
        ['module', 66, 'module-failed', { modules: ['no/such'] }, {}],
        ['prologue', 67, 'prologue-failed', { prologue: 'echo before\nfalse' }, {}],
        ['open quote', 67, '', { prologue: `echo 'x` }, {}],
        ['ticket', 68, 'ticket-missing', { ticket: { file: join(root, 'none') } }, {}],
      ]
      for (const [title, status, word, changes, env] of cases) {
        const result = run(shell, renderJobScript({ ...order, ...changes }), env)
        assert.equal(started(), null, title)
        if (word === '')
          assert.notEqual(result.status, 0, title) // shells differ in how they leave an unbalanced eval
        else {
          assert.equal(result.status, status, `${title}: ${result.stderr}`)
          assert.match(result.stderr, new RegExp(`\\nbatchway: error=${word} .+\\n$`), title)
        }
      }
      assert.deepEqual(readdirSync(home), [])
    })
  }

  it('runs module and prologue in the shell that becomes the agent, and takes the ticket from a file', () => {
    const { root, order, run, started } = stage('modules')
    const file = join(root, 'ticket')
    writeFileSync(file, 'the ticket')
    const prologue = `module() { [ "$1" = load ] && export LOADED="$2"; }\nexport PROLOGUE="it's there"`
    const script = renderJobScript({ ...order, ticket: { file }, prologue })
    assert.equal(run('sh', script).status, 0)
    assert.match(started() ?? '', /the ticket/)
    assert.match(readFileSync(join(root, 'environment'), 'utf8'), /^PROLOGUE=it's there$/m)
    const hostile = `x'; touch ${root}/owned; '`
    run('sh', renderJobScript({ ...order, modules: [hostile] }))
    assert.equal(existsSync(join(root, 'owned')), false)
  })

  it('hands over to the real agent', async () => {
    const agent = installForTests(folder.path)
    const stub = join(import.meta.dirname, 'testing/stub-app.ts')
    await using hub = await openFakeHub({ application: { argv: [agent.node, stub, '{port}', '/p/'], prefix: '/p/' } })
    const path = join(folder.path, 'real-script')
    writeFileSync(path, renderJobScript({ ticket: hub.ticket, agentDir: agent.dir, node: agent.node }))
    await using run = startAgent(agent, hub, ourselves(folder.path), {}, ['/bin/sh', path])
    const ready = await until('ready', () => reportsOf(hub, 'ready')[0])
    assert.equal(reportsOf(hub, 'listening')[0]?.pid, run.child.pid, 'the batch process itself')
    assert.equal((await ask(hub, ready.port, '/p/x')).status, 200)
    assert.equal(readFileSync(`/proc/${run.child.pid}/cmdline`, 'utf8').includes(hub.ticket.secret), false)
    assert.equal(readFileSync(`/proc/${run.child.pid}/environ`, 'utf8').includes(hub.ticket.secret), false)
    run.child.kill('SIGTERM')
    assert.equal(await run.ended, 0)
  })
})

describe('shell quoting', () => {
  const echo = (shell: string, word: string) => execFileSync(shell, ['-c', `printf '%s' ${word}`], { encoding: 'utf8' })
  const text = fc.string({ unit: fc.constantFrom(...`'"\`$\\!;&|<>(){}[]*?~#=% -azä€`.split('')), maxLength: 40 })

  for (const shell of shells)
    it(`gives ${shell} back exactly the value`, () => {
      fc.assert(
        fc.property(text, (value) => echo(shell, shellQuote(value)) === value),
        { numRuns: 60 },
      )
    })

  it('refuses control characters', () => {
    for (const value of ['a\nb', '\0', '\x1b[0m', '\x7f']) assert.throws(() => shellQuote(value), UnsafeShellValue)
    assert.throws(() => shellQuoteText('a\0'), UnsafeShellValue)
    assert.equal(echo('sh', shellQuoteText(`a\n'b'`)), `a\n'b'`)
  })
})
