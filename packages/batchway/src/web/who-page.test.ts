import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeUser } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'

async function bench() {
  const made = webBench({ base: '/jupyter/' })
  made.users.set('bob', { ...makeUser(2, 'bob'), isAdmin: true })
  const page = (query: Record<string, string>) => `/jupyter/hub/admin/sign-in?${new URLSearchParams(query)}`
  return { ...made, page, admin: await made.signedIn('bob'), alice: await made.signedIn('alice') }
}

describe('the page that checks a sign-in', () => {
  it('tells an administrator who somebody would be, step by step, and makes nobody', async () => {
    const { admin, page, users } = await bench()
    const before = users.size
    const answer = await admin.get(page({ subject: 'Carol', claims: 'groups=hpc\ngroups=staff' }))
    const text = await answer.text()
    assert.equal(answer.status, 200)
    assert.match(text, /Carol<\/bdi>: signs in as carol/)
    assert.match(text, /<li>the sign-in says &#34;Carol&#34;, with the claims groups<\/li>/)
    assert.equal(users.size, before)
  })

  it('says what it cannot read, and why somebody is refused', async () => {
    const { admin, page } = await bench()
    const odd = await (await admin.get(page({ subject: 'carol', claims: 'hpc' }))).text()
    assert.match(odd, /This line has another form: hpc/)
    assert.doesNotMatch(odd, /signs in as/)
    assert.match(await (await admin.get(page({ subject: '../root' }))).text(), /refused; the person reads/)
  })

  it('shows hostile text as text', async () => {
    const { admin, page } = await bench()
    const hostile = '"><script>alert(1)</script>'
    const text = await (await admin.get(page({ subject: hostile, claims: `${hostile}=</textarea>${hostile}` }))).text()
    assert.doesNotMatch(text, /<script>alert|<\/textarea>"/)
  })

  it('is for administrators: others are refused, and do not find its link; strangers are sent to the sign-in', async () => {
    const { admin, alice, browser, page } = await bench()
    assert.equal((await alice.get(page({ subject: 'carol' }))).status, 403)
    assert.equal((await browser().get(page({ subject: 'carol' }))).status, 303)
    const link = /href="\/jupyter\/hub\/admin\/sign-in"/
    assert.match(await (await admin.get('/jupyter/hub/home')).text(), link)
    assert.doesNotMatch(await (await alice.get('/jupyter/hub/home')).text(), link)
  })
})
