import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { devLogin } from './dev-login.ts'
import { noon } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'
import { attackedTries, nameHeat, nameLimit, nameTries, networkOf, signInTries, tryLimit } from './try-limit.ts'

const settings = { tries: 3, everyMs: 2_000, addresses: 2 }

describe('tryLimit', () => {
  it('lets so many through at once, then one each few seconds', () => {
    let at = noon
    const limit = tryLimit(settings, () => at)
    const take = () => limit.take('10.0.0.1')
    assert.deepEqual([take(), take(), take(), take()], [0, 0, 0, 2])
    at += 1_000
    assert.equal(take(), 1, 'asking does not prolong the wait')
    at += 1_000
    assert.deepEqual([take(), take()], [0, 2])
    at += 60_000
    assert.deepEqual([take(), take(), take(), take()], [0, 0, 0, 2], 'no more than the bucket holds')
    assert.equal(limit.take('10.0.0.2'), 0, 'another address has its own')
  })
  it('gives back what was no guess, and never more than was taken', () => {
    const limit = tryLimit(settings, () => noon)
    for (let n = 0; n < 20; n++) {
      assert.equal(limit.take('a'), 0)
      limit.giveBack('a')
    }
    limit.giveBack('a')
    assert.deepEqual(
      [1, 2, 3, 4].map(() => limit.take('a') === 0),
      [true, true, true, false],
    )
  })
  it('holds a bounded number of addresses', () => {
    const limit = tryLimit({ ...settings, tries: 1 }, () => noon)
    assert.deepEqual([limit.take('a'), limit.take('b'), limit.take('a')], [0, 0, 2])
    assert.equal(limit.take('c'), 0)
    assert.equal(limit.take('b'), 2, 'the younger ones are kept')
    assert.equal(limit.take('a'), 0, 'the oldest one was forgiven')
  })
  it('counts a network of IPv6 as one', () => {
    assert.equal(networkOf('2001:db8:0:7::1'), networkOf('2001:0db8:0000:0007:ffff:1:2:3'))
    assert.notEqual(networkOf('2001:db8:0:7::1'), networkOf('2001:db8:0:8::1'))
    assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0')
    assert.equal(networkOf('::1'), '0:0:0:0')
    assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1')
    assert.equal(networkOf('10.0.0.1'), '10.0.0.1')
    assert.equal(networkOf(''), '')
  })
})

describe('nameLimit', () => {
  const guess = (limit: ReturnType<typeof nameLimit>, times: number, from: (n: number) => string) =>
    Array.from({ length: times }, (_, n) => limit.take('alice', from(n))).filter((seconds) => seconds === 0).length

  it('stops guesses at one name from one network, whatever the spelling', () => {
    const limit = nameLimit(() => noon)
    assert.equal(
      guess(limit, 30, () => '10.0.0.1'),
      nameTries.tries,
    )
    assert.ok(limit.take('ALICE', '10.0.0.1') > 0)
    assert.equal(limit.take('bob', '10.0.0.1'), 0)
    assert.equal(limit.take('alice', '10.0.0.2'), 0)
  })
  it('slows a name that many addresses guess at, and never locks its person out', () => {
    let at = noon
    const limit = nameLimit(() => at)
    assert.equal(limit.take('alice', '192.0.2.7'), 0)
    limit.succeeded('alice', '192.0.2.7')
    guess(limit, nameHeat.tries + 10, (n) => `10.0.${n}.1`)
    const each = () => [1, 2].map(() => limit.take('alice', '10.9.9.9'))
    assert.deepEqual(each(), [0, attackedTries.everyMs / 1000], 'one try from a network that is new')
    at += attackedTries.everyMs
    assert.equal(
      guess(limit, nameTries.tries, () => '192.0.2.7'),
      nameTries.tries,
      'as many as ever from where she works',
    )
  })
  it('gives back what was right', () => {
    const limit = nameLimit(() => noon)
    for (let n = 0; n < 200; n++) {
      assert.equal(limit.take('alice', '10.0.0.1'), 0)
      limit.succeeded('alice', '10.0.0.1')
    }
  })
})

describe('tries to sign in', () => {
  it('are limited by address on the form, with words and a time', async () => {
    let at = noon
    const bench = webBench({ now: () => at })
    const visitor = bench.browser()
    await visitor.get('/hub/login')
    const post = (from: string) =>
      visitor.post('/hub/login', { login: 'dev', username: '../root' }, { 'x-forwarded-for': from })
    for (let n = 0; n < signInTries.tries; n++) assert.equal((await post('10.0.0.1')).status, 422)
    const refused = await post('10.0.0.1')
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('retry-after'), '3')
    assert.match(await refused.text(), /Too many tries from your address\. Wait 3 seconds, then try again\./)
    assert.equal((await post('10.0.0.2')).status, 422)
    at += signInTries.everyMs
    assert.equal((await post('10.0.0.1')).status, 422)
  })
  it('are limited by name on a form with a password, and cost nothing when it is right', async () => {
    const password = { ...devLogin, id: 'pw', hasPassword: true }
    const bench = webBench({
      logins: [
        {
          ...password,
          identify: async (given: Parameters<typeof devLogin.identify>[0]) =>
            given.password === 'right' ? devLogin.identify(given) : null,
        },
      ],
    })
    const visitor = bench.browser()
    await visitor.get('/hub/login')
    const post = (username: string, secret: string, browser = visitor) =>
      browser.post('/hub/login', { login: 'pw', username, password: secret })
    for (let n = 0; n < signInTries.tries + 5; n++) {
      const person = bench.browser()
      await person.get('/hub/login')
      assert.equal((await post('alice', 'right', person)).status, 302, 'a class behind one address')
    }
    for (let n = 0; n < nameTries.tries; n++) assert.equal((await post('alice', 'wrong')).status, 403)
    assert.equal((await post('alice', 'right')).status, 429)
    assert.equal((await post('bob', 'wrong')).status, 403, 'another name from there')
  })
  it('are limited on links that do not exist, by GET and by POST, and cost nothing on one that does', async () => {
    const bench = webBench()
    const secret = await bench.people.createLink('alice', 600)
    const visitor = bench.browser()
    await visitor.get('/hub/login')
    for (let n = 0; n < 50; n++) assert.equal((await visitor.get(`/hub/login/link?key=${secret}`)).status, 200)
    const guesses = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        n % 2 ? visitor.get(`/hub/login/link?key=guess${n}`) : visitor.post('/hub/login/link', { key: `guess${n}` }),
      ),
    )
    const statuses = guesses.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 410).length, signInTries.tries)
    assert.equal(statuses.filter((status) => status === 429).length, 30 - signInTries.tries)
    const right = await visitor.get(`/hub/login/link?key=${secret}`)
    assert.equal(right.status, 429, 'the answer tells nothing of the link')
    assert.match(await right.text(), /role="alert">Too many tries/)
    assert.equal(bench.people.links.size, 1)
    const elsewhere = await visitor.post('/hub/login/link', { key: secret }, { 'x-forwarded-for': '10.0.0.9' })
    assert.equal(elsewhere.status, 302)
  })
})

describe('a link that was used', () => {
  it('offers other ways to sign in only where there are some', async () => {
    for (const onlyLinks of [true, false]) {
      const bench = webBench({ onlyLinks })
      const text = await (await bench.browser().get('/hub/login/link?key=used')).text()
      assert.match(text, /This link does not work any more/)
      assert.equal(/Other ways to sign in/.test(text), !onlyLinks)
    }
  })
  it('leads somebody who is signed in to their sessions', async () => {
    const alice = await webBench().signedIn('alice')
    const text = await (await alice.get('/hub/login/link?key=used')).text()
    assert.match(text, /signed in as <strong><bdi>alice<\/bdi><\/strong> already/)
    assert.match(text, /href="\/hub\/home">Go to your sessions/)
    assert.doesNotMatch(text, /Other ways/)
  })
})
