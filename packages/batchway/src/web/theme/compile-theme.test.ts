import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { themeOf } from '../testing/theme-of.ts'
import { copyOf, readDefaults } from './defaults.ts'
import { messageKeys } from './messages.ts'
import { fileOf, openingNames, openingOf, variablesOf } from './openings.ts'
import { sampleOf } from './variables.ts'

const wordsOf = (files: Record<string, string | Uint8Array>): string[] =>
  themeOf(files).problems.map(({ file, line, words }) => `${file}${line === null ? '' : `:${line}`}: ${words}`)

/** One problem, and what it says. */
function assertRefused(files: Record<string, string | Uint8Array>, words: RegExp): void {
  const found = wordsOf(files)
  assert.equal(found.length, 1, found.join('\n'))
  assert.match(found[0] ?? '', words)
}

describe('compileTheme', () => {
  it('takes a copy of every default, and finds nothing wrong with it', () => {
    const files = Object.fromEntries([...readDefaults().values()].map((each) => [fileOf(each.name), copyOf(each)]))
    const theme = themeOf(files)
    assert.deepEqual(theme.problems, [])
    assert.deepEqual([...theme.overrides.keys()].sort(), [...openingNames].sort())
  })

  it('tells of a copy whose default has changed, and shows it all the same', () => {
    const theme = themeOf({
      'blocks/footer.liquid': '{% comment %}based on footer 0123456789ab{% endcomment %}<p>Us</p>',
    })
    assert.equal(theme.problems.length, 1)
    assert.equal(theme.problems[0]?.isStale, true)
    assert.match(theme.problems[0]?.words ?? '', /batchway theme show footer.*write "based on footer [0-9a-f]{12}"/)
    assert.ok(theme.overrides.has('footer'))
  })

  for (const [what, files, words] of [
    ['an unknown block', { 'blocks/foter.liquid': 'x' }, /did you mean blocks\/footer\.liquid/],
    ['a block among the parts', { 'parts/footer.liquid': 'x' }, /belongs into blocks\/footer\.liquid/],
    ['a slip in the language', { 'blocks/footer.liquid': '\n\n{% if user %}x' }, /footer\.liquid:3: .*not closed/],
    ['an unknown filter', { 'blocks/footer.liquid': '{{ zone | shout }}' }, /undefined filter: shout/],
    [
      'an unknown variable',
      { 'blocks/footer.liquid': '<p>\n{{ site.nme }}</p>' },
      /:2: there is no variable site\.nme.*did you mean site\.name/,
    ],
    ['a variable of another block', { 'blocks/footer.liquid': '{{ session.title }}' }, /there is no variable session/],
    [
      'an unknown variable where the sample does not come by',
      { 'blocks/footer.liquid': '{% unless user %}{{ secrets.key }}{% endunless %}' },
      /there is no variable secrets/,
    ],
    [
      'an unknown field of one of a list',
      { 'blocks/footer.liquid': '{% for a in site.footer_links %}{{ a.lable }}{% endfor %}' },
      /undefined variable: a\.lable/,
    ],
    ['the token of forms', { 'blocks/footer.liquid': '{{ xsrf }}' }, /write \{% form_token %\}/],
    [
      'a form without its token',
      { 'blocks/footer.liquid': '<form method="post" action="/hub/logout"><button>x</button></form>' },
      /form_token/,
    ],
    [
      'a form to elsewhere',
      { 'blocks/footer.liquid': '<form method="get" action="https://evil.example/"></form>' },
      /forms go to paths of this gateway/,
    ],
    [
      'a form to a host without a scheme',
      { 'blocks/footer.liquid': '<form method="get" action="//evil.example/"></form>' },
      /forms go to paths/,
    ],
    ['a script', { 'blocks/footer.liquid': '<p>x</p>\n<script>alert(1)</script>' }, /:2: <script>: no scripts/],
    [
      'a script made of pieces',
      { 'blocks/footer.liquid': "{% assign a = 'script' %}<{{ a }}>x</{{ a }}>" },
      /cannot be read/,
    ],
    ['a handler', { 'blocks/footer.liquid': '<p onclick="x()">x</p>' }, /onclick: no scripts in attributes/],
    [
      'a handler in a branch',
      { 'blocks/footer.liquid': '<p{% if user == nil %} onclick="x"{% endif %}>x</p>' },
      /onclick/,
    ],
    ['a style', { 'blocks/footer.liquid': '<p style="color:red">x</p>' }, /style: use classes/],
    ['a frame', { 'blocks/footer.liquid': '<iframe src="/x"></iframe>' }, /no frames/],
    ['a script address', { 'blocks/footer.liquid': '<a href="javascript:alert(1)">x</a>' }, /href: write an address/],
    [
      'one with a hidden scheme',
      { 'blocks/footer.liquid': '<a href="java&#x09;script&colon;alert(1)">x</a>' },
      /href: write an address/,
    ],
    [
      'a picture of elsewhere',
      { 'blocks/footer.liquid': '<img src="https://evil.example/p.png" alt="">' },
      /pictures lie in the theme/,
    ],
    [
      'a picture that is not there',
      { 'blocks/footer.liquid': `<img src="{{ 'p.png' | theme_file }}" alt="">` },
      /no static\/p\.png/,
    ],
    ['a picture without words', { 'blocks/footer.liquid': '<img src="/hub/logo">' }, /write alt/],
    [
      'a refresh',
      { 'blocks/footer.liquid': '<meta http-equiv="refresh" content="0;url=https://evil.example">' },
      /no meta elements/,
    ],
    ['a value without quotes', { 'blocks/footer.liquid': '<p class={{ user.name }}>x</p>' }, /quote each value/],
    ['an element that is not closed', { 'blocks/footer.liquid': '<div><p>x</p>' }, /<div> is not closed/],
    ['a page that is closed too early', { 'blocks/footer.liquid': '</main><p>x</p>' }, /<\/main> closes nothing here/],
    ['a comment of HTML', { 'blocks/footer.liquid': '<!-- x --><p>x</p>' }, /comment/],
    ['raw output', { 'blocks/footer.liquid': '{{ user.name | raw }}' }, /"raw" is not allowed/],
    ['the raw tag', { 'blocks/footer.liquid': '{% raw %}{{ x }}{% endraw %}' }, /"raw" is not allowed/],
    [
      'a file of the system',
      { 'blocks/footer.liquid': "{% render '../../../../etc/passwd' %}" },
      /ENOENT|[Ff]ailed to lookup/,
    ],
    ['an absolute file', { 'blocks/footer.liquid': "{% render '/etc/passwd' %}" }, /ENOENT|[Ff]ailed to lookup/],
    [
      'a template of ours that is not for themes',
      { 'blocks/footer.liquid': "{% render 'token' %}" },
      /ENOENT|[Ff]ailed to lookup/,
    ],
    ['an include', { 'blocks/footer.liquid': "{% include 'parts/icon' %}" }, /"include" is not for themes/],
    ['a layout', { 'blocks/footer.liquid': "{% layout 'x' %}" }, /"layout" is not for themes/],
    [
      'a card that live updates cannot find',
      { 'parts/session-card.liquid': '<article data-fragment>x</article>' },
      /live updates find it/,
    ],
    [
      'a sign-in without a way in',
      { 'blocks/sign-in-ways.liquid': '<input type="hidden" name="login" value="{{ action }}">' },
      /way\.address/,
    ],
    [
      'a range beyond all measure',
      { 'blocks/footer.liquid': '{% for i in (1..100000000) %}x{% endfor %}' },
      /limit exceeded/,
    ],
    [
      'a text without end',
      {
        'blocks/footer.liquid':
          "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..30) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
      },
      /limit exceeded/,
    ],
    ['Latin-1', { 'blocks/footer.liquid': Buffer.from('<p>Universit\xe4t</p>', 'latin1') }, /UTF-8/],
    [
      'a drawing with a script',
      { 'static/logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>' },
      /holds a script/,
    ],
    [
      'a drawing that names another file',
      { 'static/logo.svg': '<svg><image href="/user/alice/x.svg"/></svg>' },
      /refers to another file/,
    ],
    ['a picture of another kind', { 'static/logo.png': '<svg></svg>' }, /is no png file/],
    ['a program among the pictures', { 'static/app.js': 'alert(1)' }, /is no picture/],
    ['an unknown key', { 'theme.yaml': 'titel: X' }, /did you mean "title"/],
    ['an unknown text', { 'theme.yaml': "messages:\n  home.titel: 'X'" }, /did you mean "home\.title"/],
    [
      'an unknown blank in a text',
      { 'theme.yaml': "messages:\n  sign-in.lead: 'At {siet}'" },
      /\{siet\} is not known here; write \{site\}/,
    ],
    ['an unknown colour', { 'theme.yaml': "colours:\n  light:\n    acent: '#000000'" }, /did you mean "accent"/],
    [
      'a colour that is none',
      { 'theme.yaml': "colours:\n  light:\n    accent: 'red; } body { background: url(//evil.example)'" },
      /six hex digits/,
    ],
    ['a font that closes the rule', { 'theme.yaml': "shape:\n  font: 'x; } @import url(x)'" }, /names of fonts/],
    ['a script as a link', { 'theme.yaml': "links:\n  help: 'javascript:alert(1)'" }, /write an address/],
    ['YAML that is none', { 'theme.yaml': 'a: [' }, /theme\.yaml/],
  ] as const)
    it(`refuses ${what}, and says what to write`, () => {
      assertRefused(files, words)
      const theme = themeOf(files)
      assert.equal(theme.overrides.size + theme.statics.size, 0)
    })

  it('names the pair of colours that cannot be told apart, and leaves that palette ours', () => {
    const theme = themeOf({ 'theme.yaml': "colours:\n  light:\n    accent: '#7aa7d9'\n  dark:\n    accent: '#ffcc66'" })
    assert.match(
      theme.problems.map(({ words }) => words).join('\n'),
      /colours\.light: accent on surface has a contrast of 2\.\d, and needs 4\.5/,
    )
    assert.ok(theme.problems.every(({ words }) => !words.startsWith('colours.dark')))
    const css = Buffer.from(theme.statics.get('theme.css')?.body ?? []).toString()
    assert.match(css, /--bw-accent: #ffcc66/)
    assert.doesNotMatch(css, /#7aa7d9/)
  })

  it('keeps the rest of a file with a mistake in one part', () => {
    const theme = themeOf({
      'theme.yaml': "title: Northfield\nlinks:\n  help: nowhere\nmessages:\n  home.title: 'My sessions'\n  x: y",
    })
    assert.equal(theme.file.title, 'Northfield')
    assert.equal(theme.say('home.title'), 'My sessions')
    assert.equal(theme.file.links.help, undefined)
    assert.equal(theme.problems.length, 2)
  })

  it('uses a part of the theme within its blocks too', () => {
    const theme = themeOf({
      'parts/chip.liquid': '<b>{{ chip.word }}</b>',
      'parts/session-card.liquid':
        '<article id="s-{{ session.id }}" data-fragment>{% render \'parts/chip\', chip: session.chip %}</article>',
    })
    assert.deepEqual(theme.problems, [])
    const card = theme.overrides.get('session-card')
    assert.ok(card && theme.engine)
    const data = { ...sampleOf(variablesOf('session-card'), true) }
    assert.match(theme.engine.render(card, data), /<b>sample<\/b>/)
  })

  it('gives up a template that takes too long', () => {
    const slow = '{% for i in (1..9000) %}{% for j in (1..9000) %}{% endfor %}{% endfor %}'
    const limits = { renderMs: 20, memory: 1e9, output: 1000 }
    assert.match(
      themeOf({ 'blocks/footer.liquid': slow }, { limits }).problems[0]?.words ?? '',
      /template render limit exceeded/,
    )
  })
})

describe('the list of openings', () => {
  it('has a sample for each, and no two files of one name', () => {
    for (const name of openingNames) assert.ok(Object.keys(sampleOf(variablesOf(name), true)).length > 0)
    assert.equal(new Set(openingNames.map(fileOf)).size, openingNames.length)
    assert.ok(openingNames.every((name) => openingOf(name).about.endsWith('.') || openingOf(name).about.endsWith('`')))
  })
  it('has each text in a template', async () => {
    const { readFileSync, globSync } = await import('node:fs')
    const all = globSync(new URL('../templates/**/*.liquid', import.meta.url).pathname)
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    for (const key of messageKeys) assert.ok(all.includes(`{% say '${key}'`), key)
  })
})
