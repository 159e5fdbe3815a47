/** What a person sees of a job in which no agent could tell: the last lines of its own output, on real Slurm and on the local cluster. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { openStubSite, type StubSite } from './support/stub-site.ts'

const secretFile = '/var/tmp/batchway-bench/log-of-root'
const secret = 'what only root may read'

/** The shell of the job, which runs this before the agent, is killed at its end. */
const prologues = {
  dies: 'echo "the last words of $(id -un)"; kill -9 $$',
  tricks: `batchway_out=$(readlink /proc/$$/fd/1); ln -sfn ${secretFile} "$batchway_out"; kill -9 $$`,
}

describe('a job whose shell is killed before the agent runs', () => {
  let stub: StubSite
  before(async () => {
    writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 })
    stub = await openStubSite({
      instance: 'l1',
      change(config) {
        const own = config.applications as Record<string, object>
        for (const [name, prologue] of Object.entries(prologues)) own[name] = { ...own.stub, prologue }
      },
      profiles: {
        'slurm-dies': { application: 'dies' },
        'local-dies': { application: 'dies', cluster: 'local' },
        'slurm-tricks': { application: 'tricks' },
        'local-tricks': { application: 'tricks', cluster: 'local' },
      },
    })
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
    rmSync(secretFile, { force: true })
  })

  async function end(profile: string) {
    await stub.request('alice', profile, profile)
    return stub.untilIs('alice', profile, 'ended, and its log looked at', ({ outcome }) => outcome?.log_place != null)
  }

  for (const cluster of ['slurm', 'local']) {
    it(`ends with its last words on the page (${cluster})`, async () => {
      const { id, outcome } = await end(`${cluster}-dies`)
      assert.equal(outcome?.code, 'job-failed')
      assert.ok(outcome.log.includes('the last words of alice'), outcome.log.join('\n'))
      assert.match(outcome.log_place ?? '', /^\/home\/alice\/\.batchway-bl1\w+\.log$/)
      assert.match(await stub.page('alice', `sessions/${id}`), /the last words of alice/)
    })

    it(`gives nothing away that its owner could not read, whatever the output has become (${cluster})`, async () => {
      const session = await end(`${cluster}-tricks`)
      const { outcome } = session
      assert.deepEqual(outcome?.log, [])
      // The positive control: the trick was done, and whoever reads as root falls for it.
      assert.match(readFileSync(outcome?.log_place ?? '', 'utf8'), /what only root may read/)
      assert.equal(JSON.stringify(session).includes(secret), false)
      assert.equal(stub.site.log().includes(secret), false)
    })
  }
})
