/** What `npm start` does to a machine: whom it serves, what it installs and what it never touches, and what a second one finds. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { accountOf, cloneInto, openPersonal, ownFolder, runStart } from './support/personal.ts'

const bob = accountOf('bob')
const carol = accountOf('carol')

const jupyters = ['jupyterhub-singleuser', 'jupyter-lab', 'jupyter-notebook', 'jupyter-server'].map(
  (name) => `/usr/bin/${name}`,
)

/**
 * argv on a machine without Jupyter, whose apt-get, apt-cache and python3 write down who called them and with which words. Its apt-get
 * "installs" the notebook by uncovering it; its python3 makes an environment in which pip "installs" JupyterLab.
 */
function bareMachine(folder: string) {
  const log = join(folder, 'calls')
  writeFileSync(log, '')
  chmodSync(log, 0o666)
  const note = `echo "$(id -un) $(basename "$0") $*" >>${log}`
  const programs = {
    'apt-get': `${note}\n[ "$1" != install ] || umount /usr/bin/jupyter-notebook`,
    'apt-cache': '[ "$2" != jupyterlab ]',
    python3: `${note}
[ "$1 $2" = "-m venv" ] || exit 0
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$(id -un) pip $*" >>${log}\\nprintf "#!/bin/sh\\\\necho 4.0.0\\\\n" >%s/bin/jupyter-lab\\nchmod 755 %s/bin/jupyter-lab\\n' "$3" "$3" >"$3/bin/python"
chmod 755 "$3/bin/python"`,
  }
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  const script = [
    ...jupyters.map((path) => `[ ! -e ${path} ] || mount --bind /dev/null ${path}`),
    ...Object.keys(programs).map((name) => `mount --bind ${join(folder, name)} /usr/bin/${name}`),
    'exec "$@"',
  ].join('\n')
  return {
    wrap: (argv: readonly string[]) => [
      'unshare',
      '--mount',
      '--propagation=private',
      'sh',
      '-ec',
      script,
      'sh',
      ...argv,
    ],
    /** Calls that change anything. */
    changes: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => / apt-get | pip |-m venv/.test(line)),
  }
}

describe('npm start on a machine', () => {
  let folder: ReturnType<typeof ownFolder>
  let clone: string
  before(async () => {
    folder = ownFolder(bob, 0o755)
    clone = cloneInto(folder.path, bob)
    // Fetches the npm packages and starts nothing.
    const { code, output } = await runStart({ clone, as: bob, state: join(folder.path, 'never'), args: ['--help'] })
    assert.equal(code, 0, output)
    assert.match(output, /npm ci --ignore-scripts[\s\S]*Usage: batchway start/)
  })
  after(() => folder?.[Symbol.dispose]())

  describe('without Jupyter', () => {
    const install = 'root apt-get install --yes --no-install-recommends jupyter-notebook python3-ipykernel'

    it('installs nothing with --no-install, and says what would be', async () => {
      using home = ownFolder(carol, 0o755)
      const machine = bareMachine(home.path)
      const state = join(home.path, 'state')
      const { code, output } = await runStart({
        clone,
        as: 'root',
        state,
        args: ['--user=carol', '--no-install'],
        wrap: machine.wrap,
      })
      assert.notEqual(code, 0)
      assert.match(output, /apt-get install --yes --no-install-recommends jupyter-notebook/)
      assert.match(output, /Nothing is installed \(--no-install\)/)
      assert.deepEqual(machine.changes(), [])
    })

    it('asks at a terminal, and installs nothing after a no', async () => {
      using home = ownFolder(carol, 0o755)
      const machine = bareMachine(home.path)
      const state = join(home.path, 'state')
      const { code, output } = await runStart({
        clone,
        as: 'root',
        state,
        args: ['--user=carol'],
        wrap: machine.wrap,
        answer: 'n\n',
      })
      assert.notEqual(code, 0)
      assert.match(output, /Install it now\? \[Y\/n\]/)
      assert.match(output, /No Jupyter was found/)
      assert.deepEqual(machine.changes(), [])
    })

    it('takes Ctrl-D for a no', async () => {
      using home = ownFolder(carol, 0o755)
      const machine = bareMachine(home.path)
      const state = join(home.path, 'state')
      const { code } = await runStart({
        clone,
        as: 'root',
        state,
        args: ['--user=carol'],
        wrap: machine.wrap,
        answer: '\x04',
      })
      assert.notEqual(code, 0)
      assert.deepEqual(machine.changes(), [])
    })

    it('installs after Enter', async () => {
      using home = ownFolder(carol, 0o755)
      const machine = bareMachine(home.path)
      const state = join(home.path, 'state')
      await using site = await openPersonal({
        clone,
        as: 'root',
        state,
        args: ['--user=carol'],
        wrap: machine.wrap,
        answer: '\n',
      })
      assert.match(site.output(), /Install it now\? \[Y\/n\]/)
      assert.deepEqual(machine.changes(), [install])
      assert.match(site.output(), /Batchway runs for carol/)
    })

    it('goes ahead without a terminal, and says so', async () => {
      using home = ownFolder(carol, 0o755)
      const machine = bareMachine(home.path)
      const state = join(home.path, 'state')
      await using site = await openPersonal({ clone, as: 'root', state, args: ['--user=carol'], wrap: machine.wrap })
      assert.doesNotMatch(site.output(), /\[Y\/n\]/)
      assert.match(site.output(), /Going ahead \(--no-install forbids it\)/)
      assert.deepEqual(machine.changes(), [install])
    })

    it('makes a virtual environment for a normal user, and leaves the system alone', async () => {
      using home = ownFolder(bob, 0o755)
      const machine = bareMachine(home.path)
      const state = join(home.path, 'state')
      await using site = await openPersonal({ clone, as: bob, state, wrap: machine.wrap })
      assert.deepEqual(machine.changes(), [
        `bob python3 -m venv ${state}/venv`,
        'bob pip -m pip install --disable-pip-version-check jupyterlab',
      ])
      assert.match(site.output(), new RegExp(`Jupyter: ${state}/venv/bin/jupyter-lab`))
    })

    it('makes none with --no-install', async () => {
      using home = ownFolder(bob, 0o755)
      const machine = bareMachine(home.path)
      const state = join(home.path, 'state')
      const { code, output } = await runStart({ clone, as: bob, state, args: ['--no-install'], wrap: machine.wrap })
      assert.notEqual(code, 0)
      assert.match(output, /sudo apt-get install/)
      assert.deepEqual(machine.changes(), [])
      assert.equal(existsSync(join(state, 'venv')), false)
    })
  })

  it('refuses to serve root, and an account that is not there', async () => {
    for (const [name, words] of [
      ['root', /No session ever runs as root/],
      ['no-such-account', /There is no account "no-such-account"/],
    ] as const) {
      const { code, output } = await runStart({
        clone,
        as: 'root',
        state: join(folder.path, 'never'),
        args: [`--user=${name}`],
      })
      assert.notEqual(code, 0)
      assert.match(output, words)
    }
    assert.equal(existsSync(join(folder.path, 'never')), false)
  })

  it('says that a folder cannot be written', async () => {
    const { code, output } = await runStart({ clone, as: bob, state: '/etc/batchway-bob' })
    assert.notEqual(code, 0)
    assert.match(output, /cannot make \/etc\/batchway-bob: this account may not write there.*--state/)
  })

  it('says that a checkout of somebody else was never compiled', async () => {
    using theirs = ownFolder(null, 0o755)
    const checkout = join(theirs.path, 'batchway')
    execFileSync('cp', ['-a', '--reflink=auto', clone, checkout])
    for (const name of ['agent', 'schedulers'])
      rmSync(join(checkout, 'packages', name, 'dist'), { recursive: true, force: true })
    execFileSync('chown', ['-R', '0:0', checkout])
    using home = ownFolder(bob)
    const { code, output } = await runStart({ clone: checkout, as: bob, state: join(home.path, 'state') })
    assert.notEqual(code, 0)
    assert.match(output, /must be compiled once, and this account may not write there/)
  })

  it('serves who called sudo; a second one hands out another link and leaves the first alone', async () => {
    using home = ownFolder(carol)
    const state = join(home.path, 'state')
    const options = { clone, as: 'root', state, environment: { SUDO_USER: 'carol' } } as const
    await using site = await openPersonal(options)
    assert.match(site.output(), /Batchway runs for carol/)
    const parts = site.parts()
    assert.equal(parts.length, 2)
    const again = await runStart(options)
    assert.equal(again.code, 0)
    assert.match(again.output, /Batchway already runs for carol/)
    const [link] = /http:\S+key=\S+/.exec(again.output) ?? []
    assert.ok(link && link !== (await site.link()))
    // Not fetch(): its headers are those of a script, and scripts are not let near a link.
    const page = execFileSync('curl', ['--silent', '--fail', link], { encoding: 'utf8' })
    assert.match(page, /Continue as <bdi>carol</)
    assert.deepEqual(site.parts(), parts)
  })

  it('takes the next port when its own is taken, keeps its jobs’ names, and leaves an edited file alone', async () => {
    using home = ownFolder(bob)
    const state = join(home.path, 'state')
    const options = { clone, as: bob, state } as const
    const file = join(state, 'batchway.yaml')
    let port: number
    let instance: string
    {
      await using first = await openPersonal(options)
      port = Number(new URL(first.url).port)
      instance = first.config().instance
    }
    const before = readFileSync(file, 'utf8')
    {
      await using second = await openPersonal(options)
      assert.equal(readFileSync(file, 'utf8'), before, 'nothing is written anew without need')
      assert.doesNotMatch(second.output(), /Looking what this machine offers|npm ci/)
    }
    await using taker = new AsyncDisposableStack()
    const server = taker.adopt(createServer().listen(port, '127.0.0.1'), (one) => void one.close())
    await once(server, 'listening')
    {
      await using third = await openPersonal(options)
      assert.match(third.output(), new RegExp(`port ${port} is taken by another program`))
      assert.notEqual(Number(new URL(third.url).port), port)
      assert.equal(third.config().instance, instance)
    }
    writeFileSync(file, `${before}# mine\n`)
    const refused = await runStart(options)
    assert.notEqual(refused.code, 0)
    assert.match(refused.output, /was edited, so it is left alone/)
    assert.equal(readFileSync(file, 'utf8'), `${before}# mine\n`)
  })

  it('runs from a copy where only root can read the checkout', async () => {
    using hidden = ownFolder(null, 0o700)
    using home = ownFolder(carol)
    const checkout = join(hidden.path, 'batchway')
    execFileSync('cp', ['-a', '--reflink=auto', clone, checkout])
    execFileSync('chown', ['-R', '0:0', checkout])
    let copy = ''
    try {
      await using site = await openPersonal({
        clone: checkout,
        as: 'root',
        state: join(home.path, 'state'),
        args: ['--user=carol'],
      })
      copy = /running from a copy, (\S+?\/program-[0-9a-f]{12})\//.exec(site.output())?.[1] ?? ''
      assert.ok(copy)
      assert.ok(site.parts().length === 2 && site.parts().every((line) => line.includes(copy)))
      assert.equal(existsSync(join(copy, '.git')), false)
      assert.equal(existsSync(join(copy, 'node_modules/playwright-core')), false)
      const { stateDirectory } = parse(readFileSync(join(home.path, 'state/batchway.yaml'), 'utf8'))
      assert.equal(dirname(stateDirectory), home.path)
    } finally {
      if (copy !== '') rmSync(copy, { recursive: true, force: true })
    }
  })
})
