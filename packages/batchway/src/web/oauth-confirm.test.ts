import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { renderOAuthPage } from './oauth-confirm.ts'
import { noon } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'

const { settings } = webBench({ base: '/jupyter/' })
const render = renderOAuthPage(settings, () => noon)
const evil = '"><script>alert(1)</script>'

describe('renderOAuthPage', () => {
  it('asks with names, rights in words, and a form that posts back to the request', async () => {
    const text = await render('oauth-confirm', {
      user: { name: 'alice', isAdmin: false },
      client: { id: 'jupyterhub-user-bob', description: 'bob', redirectUri: '/jupyter/user/bob/oauth_callback' },
      owner: 'bob',
      name: 'lab',
      scopes: ['access:servers!server=bob/lab', 'proxy'],
      action: '/jupyter/hub/api/oauth2/authorize?client_id=x&state=y',
      xsrf: 'token',
      cancel: '/jupyter/hub/home',
    })
    assert.match(text, /<bdi>bob<\/bdi><\/strong>, named <strong><bdi>lab<\/bdi>/)
    assert.match(text, /Know that you may open this session/)
    assert.match(text, /Act for you with the right<\/span><code class="muted">proxy/)
    assert.match(text, /action="\/jupyter\/hub\/api\/oauth2\/authorize\?client_id=x&amp;state=y"/)
    assert.match(text, /name="_xsrf" value="token"/)
    assert.match(text, /name="scopes" value="access:servers!server=bob\/lab"/)
    assert.match(text, /name="scopes" value="proxy"/)
  })

  it('names a service, and uses the site’s own words for its scopes', async () => {
    const own = renderOAuthPage(settings, () => noon, new Map([['custom:jobs:read', 'See your jobs']]))
    const text = await own('oauth-confirm', {
      user: { name: 'alice', isAdmin: false },
      client: { id: 'service-jobs', description: 'Service jobs', redirectUri: 'https://jobs.example/oauth_callback' },
      owner: null,
      name: 'jobs',
      scopes: ['access:services!service=jobs', 'custom:jobs:read', 'inherit'],
      action: '/x',
      xsrf: 'token',
      cancel: '/jupyter/hub/home',
    })
    assert.match(text, /The service <strong><bdi>jobs<\/bdi><\/strong> asks to know/)
    assert.match(text, /See your jobs<\/span>/)
    assert.match(text, /Do everything that you may do<\/span>/)
    assert.doesNotMatch(text, /A session of/)
  })

  it('says what to do about a refusal, and does not send who is signed in to sign in', async () => {
    const advice = 'Ask those who run this site.'
    const text = await render('error', { status: 403, title: 'No', message: 'Not you.', advice, requestId: 'r' })
    assert.match(text, /Ask those who run this site\./)
    assert.doesNotMatch(text, />Sign in</)
  })

  it('escapes what others chose', async () => {
    const confirm = await render('oauth-confirm', {
      user: { name: evil, isAdmin: false },
      client: { id: evil, description: evil, redirectUri: evil },
      owner: evil,
      name: evil,
      scopes: [evil],
      action: evil,
      xsrf: evil,
      cancel: evil,
    })
    const error = await render('error', { status: 400, title: evil, message: evil, advice: evil, requestId: evil })
    for (const text of [confirm, error]) assert.doesNotMatch(text, /<script>/)
  })
})
