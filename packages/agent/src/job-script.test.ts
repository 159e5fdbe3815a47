import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
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
      const script = renderJobScript({ ...order, modules: ['a'], prologue: 'true', log: join(root, 'log') }).trimEnd()
      mkdirSync(join(root, 'cuts'))
      for (let length = 0; length < script.length; length++)
        writeFileSync(join(root, 'cuts', String(length)), script.slice(0, length))
      const before = readdirSync(root)
      // One shell reads them all, each in a copy of itself: a new process for each of the thousands would take a minute.
      const loop =
        'for cut in "$1"/cuts/*; do (. "$cut") 2>/dev/null </dev/null && [ -s "$cut" ] && echo "$cut"; done; true'
      const env = { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: root }
      const { stdout } = spawnSync(shell, ['-c', loop, shell, root], { env, encoding: 'utf8' })
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
      const { root, home, order, run, started, told } = stage(`wrong-${shell}`)
      const init = join(root, 'modules/init/sh')
      mkdirSync(join(root, 'modules/init'), { recursive: true })
      const modules = { MODULESHOME: join(root, 'modules') }
      const loading = (body: string) => {
        writeFileSync(init, `module() { ${body}; }\n`)
        return { modules: ['gcc/12'] }
      }
      const none = join(root, 'none')
      mkdirSync(join(root, 'unknown'))
      writeFileSync(join(root, 'unknown/getent'), '#!/bin/sh\nexit 2\n', { mode: 0o755 })
      const unknown = { HOME: '', PATH: `${root}/unknown:/usr/bin:/bin` }
      const cases: [string, number, string, () => Partial<JobScriptOrder>, Record<string, string>, RegExp][] = [
        ['home', 60, 'home-missing', () => ({}), { HOME: none }, /is not there on this node: .*none$/],
        ['no home', 60, 'home-missing', () => ({}), unknown, /^this node knows no home directory of the account \d+:/],
        ['runtime', 64, 'runtime-not-startable', () => ({ node: none }), {}, /cannot be started on this node: .*none/],
        ['agent', 65, 'agent-missing', () => ({ agentDir: none }), {}, /is its folder shared/],
        [
          'module',
          66,
          'module-failed',
          () => loading('echo "no gcc/12 here" >&2; echo "try gcc/11" >&2; return 1'),
          modules,
          /gcc\/12 cannot be loaded on this node: no gcc\/12 here try gcc\/11$/,
        ],
        [
          'module of a command that fails and says that all is well',
          66,
          'module-failed',
          () => loading('echo "ModuleCmd_Load.c(213):ERROR:105: Unable to locate" >&2'),
          modules,
          /ERROR:105: Unable to locate$/,
        ],
        [
          'no modules',
          69,
          'module-command-missing',
          () => {
            // Where the machine has such a command of its own, this file is read in its place.
            writeFileSync(init, '')
            return { modules: ['x/1'] }
          },
          modules,
          /no module command.*x\/1 cannot/,
        ],
        [
          'prologue',
          67,
          'prologue-failed',
          () => ({ prologue: 'echo before\necho "it is the disk" >&2\nfalse' }),
          {},
          /failed: it is the disk$/,
        ],
        [
          'open quote',
          67,
          'prologue-failed',
          () => ({ prologue: `echo 'x` }),
          {},
          /failed: .*(nterminated|unexpected)/,
        ],
        [
          'prologue that leaves',
          67,
          'prologue-failed',
          () => ({ prologue: 'echo "no scratch here" >&2; exit 0' }),
          {},
          /failed: no scratch here$/,
        ],
        ['ticket', 68, 'ticket-missing', () => ({ ticket: { file: none } }), {}, /the ticket .* cannot be read/],
      ]
      for (const [title, status, word, changes, env, words] of cases) {
        const changed = changes()
        // Where the agent can start it tells the hub, and ends with the status of the word.
        const tells = !/runtime|agent|ticket/.test(word)
        for (const isAgentThere of [true, false]) {
          rmSync(join(root, 'told'), { force: true })
          const absent = isAgentThere ? {} : { node: '/bin/false' }
          if (!isAgentThere && !/^home/.test(word)) continue // what comes after the look at the runtime
          const result = run(shell, renderJobScript({ ...order, ...changed, ...absent }), env)
          assert.equal(started(), null, title)
          assert.equal(result.status, tells && isAgentThere ? 42 : status, `${title}: ${result.stderr}`)
          // The agent says the word in its own last line: one of the two does.
          const said = tells && isAgentThere ? 'batchway:' : `batchway: error=${word}`
          const [, last = ''] = new RegExp(`^${said} (.*)\\n$`, 'm').exec(result.stderr) ?? []
          assert.match(last, words, `${title}: ${result.stderr}`)
          assert.equal(result.stderr.split(last).length, 2, `${title} is said once: ${result.stderr}`)
          const [folder, toldWords, ...rest] = told()?.split('\n') ?? []
          if (tells && isAgentThere) {
            assert.deepEqual([folder, toldWords, rest.at(-2)], ['/', `${word} ${last}`, JSON.stringify(ticket)], title)
            if (title === 'module') assert.deepEqual(rest.slice(0, 2), ['no gcc/12 here', 'try gcc/11'])
          } else assert.equal(toldWords, undefined, title)
        }
      }
      assert.deepEqual(readdirSync(home), [])
      writeFileSync(init, 'module() { export LOADED="$2"; echo "a word of warning" >&2; }\n')
      const fine = run(shell, renderJobScript({ ...order, modules: ['gcc/12'] }), modules)
      assert.deepEqual([fine.status, fine.stderr], [0, 'a word of warning\n'], 'control: a module that can be loaded')
      assert.match(readFileSync(join(root, 'environment'), 'utf8'), /^LOADED=gcc\/12$/m)
    })

    it(`says that its output cannot be written (${shell})`, () => {
      const { root, home, order, told, started } = stage(`output-${shell}`)
      writeFileSync(join(root, 'script'), renderJobScript(order))
      const env = { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: root }
      const inShell = (redirect: string) =>
        spawnSync('sh', ['-c', `exec ${shell} "$1" ${redirect}`, 'sh', join(root, 'script')], { env })
      for (const redirect of ['>/dev/full 2>&1', '>&- 2>&-']) {
        rmSync(join(root, 'told'), { force: true })
        assert.equal(inShell(redirect).status, 42, redirect)
        assert.match(told() ?? '', /^output-not-writable the job cannot write to its own output$/m)
      }
      assert.equal(started(), null)
      assert.equal(inShell('>/dev/null').status, 0, 'control')
    })

    it(`opens its output itself, and says why it cannot (${shell})`, () => {
      const { root, home, order, run, told, started } = stage(`log-${shell}`)
      const log = join(root, 'the "job\'s" log')
      writeFileSync(log, 'of its first run\n')
      const script = renderJobScript({ ...order, log, prologue: 'echo "in order"; echo "a warning" >&2' })
      const result = run(shell, script)
      assert.deepEqual([result.status, result.stdout, result.stderr], [0, '', ''])
      assert.match(readFileSync(log, 'utf8'), /^of its first run\nbatchway: begins on .*\nin order\na warning\n$/)
      assert.notEqual(started(), null)
      rmSync(log)
      run(shell, script)
      assert.equal(statSync(log).mode & 0o777, 0o600, 'whatever the umask')
      rmSync(join(root, 'started'))

      execFileSync('mkfifo', [join(root, 'pipe')])
      for (const [place, words] of [
        [home, /Is a directory/i],
        [join(root, 'pipe'), /^$/],
        [join(root, 'none', 'log'), /(nonexistent|No such file)/],
      ] as const) {
        rmSync(join(root, 'told'), { force: true })
        assert.equal(run(shell, renderJobScript({ ...order, log: place })).status, 42, place)
        const [, word = '', said = ''] = told()?.split('\n') ?? []
        assert.ok(word.startsWith(`output-not-writable the file for the job’s output, ${place}, cannot be`), word)
        assert.match(said, words)
      }
      assert.equal(started(), null)
      assert.deepEqual(readdirSync(home), [])
    })

    it(`leaves nothing in the home when it is ended (${shell})`, () => {
      const { root, home, order, run, started } = stage(`ended-${shell}`)
      const init = join(root, 'modules/init/sh')
      mkdirSync(join(root, 'modules/init'), { recursive: true })
      const names = join(root, 'names')
      for (const signal of ['TERM', 'KILL']) {
        writeFileSync(init, `module() { ls -A "$HOME" >"${names}"; kill -${signal} $$; sleep 60; }\n`)
        run(shell, renderJobScript({ ...order, modules: ['a'] }), { MODULESHOME: join(root, 'modules') })
        assert.match(readFileSync(names, 'utf8'), /^\.batchway-probe-\w{8}\n/)
        assert.equal(readdirSync(home).length, signal === 'TERM' ? 0 : 1, 'control: nobody can tidy after SIGKILL')
      }
      assert.equal(started(), null)
    })

    it(`keeps what a module sets for the user’s programs from the runtime (${shell})`, () => {
      const { root, order, run } = stage(`aside-${shell}`)
      const prologue = 'set -e\nexport LD_LIBRARY_PATH=/opt/old/lib NODE_OPTIONS=--nonsense'
      const result = run(shell, renderJobScript({ ...order, prologue }), { LD_PRELOAD: '' })
      assert.deepEqual([result.status, result.stderr], [0, ''])
      const env = readFileSync(join(root, 'environment'), 'utf8')
      assert.match(env, /^BATCHWAY_LD_LIBRARY_PATH=\/opt\/old\/lib$/m)
      assert.match(env, /^BATCHWAY_NODE_OPTIONS=--nonsense$/m)
      assert.doesNotMatch(env, /^(LD_|NODE_OPTIONS)/m)
    })
  }

  for (const shell of shells)
    it(`finds out who it is where the scheduler sets nothing (${shell})`, () => {
      const { root, order, started } = stage(`bare-${shell}`)
      const { username, homedir, shell: login } = userInfo()
      writeFileSync(join(root, 'script'), renderJobScript(order))
      const { status, stderr } = spawnSync(`/bin/${shell}`, [join(root, 'script')], {
        env: { TMPDIR: root },
        encoding: 'utf8',
      })
      assert.equal(status, 0, stderr)
      assert.equal(started()?.split('\n')[0], homedir)
      const environment = readFileSync(join(root, 'environment'), 'utf8').split('\n')
      for (const line of [`HOME=${homedir}`, `USER=${username}`, `LOGNAME=${username}`, `SHELL=${login}`])
        assert.ok(environment.includes(line), line)
      assert.ok(environment.some((line) => line.startsWith('PATH=/')))
    })

  for (const shell of shells)
    it(`starts five commands and no more, which cost more than all else in it (${shell})`, () => {
      const { root, order, started } = stage(`commands-${shell}`)
      const names = ['awk', 'cut', 'dd', 'getent', 'id', 'mkdir', 'mktemp', 'rm', 'sed', 'uname']
      mkdirSync(join(root, 'bin'))
      const spy = `#!/bin/sh\necho "\${0##*/}" >>"${root}/commands"\nexec "/usr/bin/\${0##*/}" "$@"\n`
      for (const name of names) writeFileSync(join(root, 'bin', name), spy, { mode: 0o755 })
      writeFileSync(join(root, 'script'), renderJobScript({ ...order, log: join(root, 'log') }))
      const env = { TMPDIR: root, PATH: `${root}/bin:/usr/bin:/bin` }
      assert.equal(spawnSync(`/bin/${shell}`, [join(root, 'script')], { env }).status, 0)
      assert.notEqual(started(), null)
      assert.deepEqual(readFileSync(join(root, 'commands'), 'utf8').split('\n').filter(Boolean).sort(), [
        'dd',
        'getent',
        'id',
        'mkdir',
        'rm',
      ])
    })

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
