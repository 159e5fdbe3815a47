import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { factsOf, makeSession } from '../testing/fake-rooms.ts'
import { fixedTheme, themeOf } from '../testing/theme-of.ts'
import { type Bench, type BenchOptions, webBench } from '../testing/web-bench.ts'
import { copyOf, readDefaults } from './defaults.ts'
import { fileOf } from './openings.ts'

const paths = [
  '/hub/home',
  '/hub/spawn',
  '/hub/history',
  '/hub/token',
  '/hub/sessions/queued',
  '/hub/sessions/ready',
  '/hub/sessions/ended',
  '/hub/sessions/none',
  '/hub/docs/api',
]

async function visit(options: BenchOptions = {}): Promise<{ bench: Bench; pages: Map<string, string> }> {
  const bench = webBench({ settings: { helpUrl: 'https://help.example/', announcement: 'On Monday.' }, ...options })
  const owner = bench.users.get('alice')
  assert.ok(owner)
  for (const state of ['queued', 'ready', 'ended'] as const)
    bench.sessions.put(makeSession(state, owner, factsOf[state], { serverName: state }))
  const nobody = bench.browser()
  const pages = new Map<string, string>()
  for (const path of ['/hub/login', '/hub/login?out=1', '/hub/nothing'])
    pages.set(path, await (await nobody.get(path)).text())
  const alice = await bench.signedIn('alice')
  for (const path of paths) pages.set(`alice ${path}`, await (await alice.get(path)).text())
  return { bench, pages }
}

/** Blanks and what differs from one browser to the next. */
const calm = (html: string): string =>
  html
    .replace(/\s+/g, ' ')
    .replace(/> | </g, (found) => found.trim())
    .replace(/(data-xsrf|name="_xsrf" value)="[^"]*"/g, '$1=""')
    .replace(/nonce\d+/g, 'nonce')

describe('pages with a theme', () => {
  it('are the same, letter by letter, when each opening holds a copy of its default', async () => {
    const files = Object.fromEntries([...readDefaults().values()].map((each) => [fileOf(each.name), copyOf(each)]))
    const theme = fixedTheme(themeOf(files))
    const { pages: plain } = await visit()
    const { pages: themed } = await visit({ theme })
    assert.deepEqual(theme.failures, [])
    for (const [path, html] of plain) assert.equal(calm(themed.get(path) ?? ''), calm(html), path)
  })

  it('show what the site has put in, escaped, with a token in its forms', async () => {
    const theme = fixedTheme(
      themeOf({
        'theme.yaml': [
          'title: "Northfield <Jupyter>"',
          'links: { policy: "https://north.example/terms", footer: [{ label: "A & B", url: "/hub/home" }] }',
          'messages: { home.title: "My <b>sessions</b>", sign-in.lead: "Work at {site}." }',
        ].join('\n'),
        'blocks/top.liquid': '{% if page.kind == "home" %}<p class="small">Hello {{ user.name }}</p>{% endif %}',
        'blocks/footer.liquid':
          '<p>First</p>{% default %}<form method="post" action="{{ urls.logout }}">{% form_token %}<button>Leave</button></form>',
      }),
    )
    const { pages } = await visit({ theme })
    const home = pages.get('alice /hub/home') ?? ''
    assert.match(home, /<title>Home · Northfield &lt;Jupyter&gt;<\/title>/)
    assert.match(home, /<h1>My &lt;b&gt;sessions&lt;\/b&gt;<\/h1>/)
    assert.match(home, /Hello alice/)
    assert.doesNotMatch(pages.get('alice /hub/spawn') ?? '', /Hello alice/)
    assert.match(home, /<p>First<\/p>\s*<footer class="bw-foot">.*A &amp; B.*<\/footer>/s)
    assert.match(
      home,
      /<form method="post" action="\/hub\/logout"><input type="hidden" name="_xsrf" value="[^"]{10,}"><button>Leave/,
    )
    assert.match(pages.get('/hub/login') ?? '', /Work at Northfield Computing Centre\..*north\.example\/terms/s)
    assert.deepEqual(theme.failures, [])
  })

  it('hand a template nothing that is not in the list: no token, no key, no inner object', async () => {
    // The check refuses such a template; here it is let in, as the attack that the list itself must withstand.
    const theme = themeOf({
      'blocks/footer.liquid': '<p>x</p>',
      'parts/session-card.liquid': '<p id="s-{{ session.id }}" data-fragment>x</p>',
    })
    const { engine } = theme
    assert.ok(engine)
    const all =
      '<p>[{{ xsrf }}{{ banners }}{{ assets }}{{ active }}{{ session.urls }}{{ session.left | json }}{{ session.outcome }}{{ settings }}{{ user | json }}{{ globals }}{{ user.constructor }}{{ user.preferences }}]</p>'
    const overrides = new Map([...theme.overrides.keys()].map((name) => [name, engine.parse(all, 'x')] as const))
    const { pages } = await visit({ theme: fixedTheme({ ...theme, overrides }) })
    const home = pages.get('alice /hub/home') ?? ''
    const shown = [...home.matchAll(/<p>\[(.*?)\]<\/p>/gs)].map(([, text = '']) => text.replaceAll('&#34;', '"'))
    assert.ok(shown.length >= 2, 'both were drawn')
    const xsrf = /name="_xsrf" value="([^"]+)"/.exec(home)?.[1] ?? ''
    assert.notEqual(xsrf, '')
    for (const text of shown) {
      assert.ok(!text.includes(xsrf))
      assert.match(text, /"may_administer":false/, 'what is in the list is there')
      assert.doesNotMatch(text, /spec|token|attempts|groups|isAdmin/)
    }
  })

  it('show ours where one fails with this visitor’s data, and say so', async () => {
    const theme = themeOf({ 'blocks/footer.liquid': '<p>fine</p>' })
    const { engine } = theme
    assert.ok(engine)
    const overrides = new Map([
      ['footer', engine.parse('<p>{% if user.name == "alice" %}<b>{% endif %}</p>', 'x')],
    ] as const)
    const source = fixedTheme({ ...theme, overrides })
    const { pages } = await visit({ theme: source })
    assert.match(pages.get('alice /hub/home') ?? '', /<footer class="bw-foot">/)
    assert.doesNotMatch(pages.get('/hub/nothing') ?? '', /<footer class="bw-foot">/)
    assert.match(source.failures[0] ?? '', /^footer: <\/p> closes nothing here/)
  })

  it('do not take a mark that somebody brings along for a token', async () => {
    const theme = fixedTheme(
      themeOf({
        'parts/session-card.liquid':
          '<form method="get" id="s-{{ session.id }}" data-fragment>{{ session.title }}</form>',
      }),
    )
    const bench = webBench({ theme })
    const owner = bench.users.get('alice')
    assert.ok(owner)
    const session = makeSession('ready', owner, factsOf.ready)
    const title = 'a\u{f0000}b\u{f0001}c'
    bench.sessions.put({ ...session, spec: { ...session.spec, profile: { ...session.spec.profile, title } } })
    const alice = await bench.signedIn('alice')
    assert.match(
      await (await alice.get('/hub/home')).text(),
      /<form method="get" id="s-ready" data-fragment>abc<\/form>/,
    )
  })

  it('keep the policy of content, and serve the theme’s files under one that runs nothing', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'
    const theme = fixedTheme(
      themeOf({
        'static/logo.svg': svg,
        'static/favicon.svg': svg,
        'theme.yaml': "colours: { light: { accent: '#003366' } }",
      }),
    )
    const { bench, pages } = await visit({ theme })
    const nobody = bench.browser()
    const page = await nobody.get('/hub/login')
    assert.match(
      page.headers.get('content-security-policy') ?? '',
      /script-src 'self'; style-src 'self'; img-src 'self' data:/,
    )
    const html = pages.get('alice /hub/history') ?? ''
    const files = [...html.matchAll(/"(\/hub\/static\/theme[^"]+)"/g)].map(([, url = '']) => url)
    assert.deepEqual([...new Set(files.map((url) => url.replace(/\?.*/, '')))].sort(), [
      '/hub/static/theme-favicon.svg',
      '/hub/static/theme-logo.svg',
      '/hub/static/theme.css',
    ])
    for (const url of [...files, '/hub/logo', '/hub/favicon.ico', '/favicon.ico']) {
      const answer = await nobody.get(url)
      assert.equal(answer.status, 200)
      assert.match(
        answer.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; style-src 'unsafe-inline'; sandbox$/,
      )
    }
    assert.equal((await nobody.get('/hub/static/theme-other.svg')).status, 404)
    assert.equal((await nobody.get('/hub/static/theme-..%2Ftheme.yaml')).status, 404)
  })
})
