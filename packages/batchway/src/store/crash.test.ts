import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { filePlace } from './contract/file-place.ts'
import { sampleAttempt, sampleSession } from './contract/samples.ts'
import { openStores } from './stores.ts'

describe('a process killed while it writes', () => {
  it('loses no acknowledged change and leaves none by half', { timeout: 60_000 }, async () => {
    await using place = await filePlace()
    {
      await using stores = await openStores(place.url, () => 1)
      await stores.sessions.insert(sampleSession(), sampleAttempt())
    }
    let acknowledged = 1
    for (let round = 1; round <= 3; round++) {
      const child = fork(new URL('./contract/committer.ts', import.meta.url), [], {
        env: { ...process.env, DATABASE_URL: place.url },
        execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      const gone = once(child, 'exit')
      const enough = acknowledged + 100
      child.on('message', (version) => {
        acknowledged = Number(version)
        if (acknowledged >= enough) child.kill('SIGKILL')
      })
      const [, signal] = await gone
      assert.equal(signal, 'SIGKILL')
      assert.ok(acknowledged >= enough)
      // No clean-up between: the next program finds the log of the dead one.
      await using stores = await openStores(place.url, () => 1)
      const session = await stores.sessions.find('s1')
      assert.ok(session && session.version >= acknowledged, `${session?.version} after ${acknowledged}`)
      assert.equal((await stores.sessions.listEvents('s1')).length, session.version - 1, 'one event for each step')
      acknowledged = session.version
    }
  })
})
