import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Session, Warning } from '../sessions/session.ts'
import { timeWords } from './format.ts'
import { noticesOf } from './notices.ts'
import { factsOf, makeSession, makeUser, noon, spec } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'

const alice = makeUser(1, 'alice')
const { ready } = factsOf
const warned = (...warnings: Warning[]) => ({ ...ready, warnings })
const notices = (session: Session) => noticesOf(session, noon, timeWords('UTC'))
const inSeconds = (seconds: number, facts: Session['facts'] = ready) =>
  notices(makeSession('s', alice, facts, { endsAt: noon + seconds * 1000 }))

describe('what ends a session soon', () => {
  it('is told in three steps before the walltime is over, and not before', () => {
    assert.deepEqual(inSeconds(901), [])
    const told = [900, 300, 60].map((seconds) => inSeconds(seconds)[0])
    assert.deepEqual(
      told.map((notice) => notice?.lead),
      [
        'Ends at 12:57 UTC, in less than 15 min.',
        'Ends at 12:47 UTC, in less than 5 min.',
        'Ends at 12:43 UTC, in less than 1 min.',
      ],
    )
    assert.deepEqual(
      told.map((notice) => notice?.kind),
      ['warn', 'bad', 'bad'],
    )
    assert.equal(told[0]?.next, 'Save your work.')
    const session = makeSession('s', alice, ready, { endsAt: noon + 899_000 })
    const later = noticesOf(session, noon + 590_000, timeWords('UTC'))
    assert.deepEqual(later, notices(session), 'nothing is read out each minute')
  })
  it('begins with the first step that is shorter than the whole session', () => {
    const short = { ...spec, resources: { ...spec.resources, wallSeconds: 600 } }
    const lead = (seconds: number) =>
      notices(makeSession('s', alice, ready, { spec: short, endsAt: noon + seconds * 1000 }))[0]?.lead
    assert.equal(lead(590), undefined)
    assert.match(lead(290) ?? '', /in less than 5 min/)
  })
  it('takes the agent’s time where it announces one: it closes the application a little earlier', () => {
    const warning: Warning = { about: 'walltime', limitSeconds: 300, endsAt: noon + 200_000 }
    const [first, ...more] = inSeconds(230, warned(warning))
    assert.equal(first?.lead, 'Ends at 12:45 UTC, in less than 5 min.')
    assert.deepEqual(more, [])
  })
  it('says that it is over when it is', () =>
    assert.match(inSeconds(-1)[0]?.lead ?? '', /^Its time was over at 12:42 UTC: it is being closed\.$/))
  it('says since when nobody has used it, until when, and how to keep it', () => {
    const facts = warned({ about: 'idle', limitSeconds: 600, endsAt: noon + 480_000 })
    const session = makeSession('s', alice, facts, { lastActivityAt: noon - 1_320_000 })
    assert.deepEqual(
      notices(session).map(({ lead, next }) => `${lead} ${next}`),
      ['Unused since 12:20 UTC; it will be stopped at 12:50 UTC. Use it to keep it.'],
    )
  })
  it('is nothing for a suspended session, whose end moves, and for one that does not run', () => {
    assert.deepEqual(inSeconds(60, { ...ready, paused: true }), [])
    assert.deepEqual(inSeconds(60, factsOf.stopping), [])
  })
})

describe('pages', () => {
  it('show it on the session’s page as a status, and on its card', async () => {
    const bench = webBench()
    const browser = await bench.signedIn('alice')
    const owner = bench.users.get('alice')
    assert.ok(owner)
    const facts = warned({ about: 'idle', limitSeconds: 600, endsAt: noon + 480_000 })
    bench.sessions.put(makeSession('s1', owner, facts, { endsAt: noon + 290_000 }))
    const page = await (await browser.get('/hub/sessions/s1')).text()
    const status = /<div role="status"[^>]*>([\s\S]*?)<div class="bw-split">/.exec(page)?.[1] ?? ''
    assert.match(status, /Ends at 13:47 CET, in less than 5 min\.<\/strong> Save your work\./)
    assert.match(status, /it will be stopped at 13:50 CET\.<\/strong> Use it to keep it\./)
    const home = await (await browser.get('/hub/home')).text()
    assert.match(home, /<article[\s\S]*in less than 5 min\.<\/strong> Save your work\.[\s\S]*<\/article>/)
    assert.match(/data-status="([^"]*)"/.exec(home)?.[1] ?? '', /Ready\. .*in less than 5 min\. Save your work\./)
  })
  it('show what it uses, how old the figures are, and that there are none', async () => {
    const bench = webBench()
    const browser = await bench.signedIn('alice')
    const owner = bench.users.get('alice')
    assert.ok(owner)
    const startedAt = noon - 6_000_000
    bench.sessions.put(makeSession('s1', owner, ready, { startedAt }))
    const page = async () => (await browser.get('/hub/sessions/s1')).text()
    assert.match(await page(), /Nothing has been measured yet/)
    const usage = { at: noon - 5_000, connections: 2, lastActivityAt: noon, leftSeconds: null }
    const gib = 2 ** 30
    bench.sessions.usage.set('s1', {
      ...usage,
      cpuSeconds: 11_990,
      memoryBytes: 9.8 * gib,
      memoryPeakBytes: 10.1 * gib,
    })
    const text = await page()
    assert.match(text, /Measured at <span class="num">13:42:05/)
    assert.match(text, /9\.8 GB of 16 GB, peak 10\.1 GB/)
    assert.match(text, /CPU, mean<\/span><span>2\.0 of 4 cores/)
    assert.match(text, /2 connections are open to it/)
    bench.sessions.usage.set('s1', { ...usage, cpuSeconds: null, memoryBytes: null, memoryPeakBytes: null })
    assert.match(await page(), /tells no figures/)
  })
})
