/**
 * Is a piece of HTML one that a page can take in: closed in itself, of plain elements, without anything that runs or leaves? Pure.
 * What is let through is listed; everything else is refused, so a page's own rules hold whatever a template prints.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/))

const elements =
  words(`a abbr address article aside b bdi bdo blockquote br button caption cite code col colgroup dd del details dfn
  div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd label legend li main mark
  nav ol optgroup option p picture pre q s samp section select small span strong sub summary sup svg table tbody td tfoot th thead time
  tr u ul var wbr g path circle ellipse rect line polyline polygon`)
const empty = words('br col hr img input wbr')

const anywhere = words('class id title lang dir hidden role tabindex accesskey translate')
const attributes: Readonly<Record<string, ReadonlySet<string>>> = {
  a: words('href hreflang rel target download'),
  button: words('type name value disabled formnovalidate'),
  col: words('span'),
  colgroup: words('span'),
  del: words('datetime cite'),
  details: words('open name'),
  fieldset: words('disabled'),
  form: words('method action autocomplete novalidate'),
  img: words('src alt width height loading decoding'),
  input:
    words(`type name value checked disabled required readonly maxlength minlength min max step size placeholder autocomplete
    autocapitalize spellcheck inputmode pattern`),
  ins: words('datetime cite'),
  label: words('for'),
  li: words('value'),
  ol: words('start reversed type'),
  optgroup: words('label disabled'),
  option: words('value selected disabled label'),
  select: words('name required disabled size'),
  td: words('colspan rowspan headers'),
  th: words('colspan rowspan headers scope abbr'),
  time: words('datetime'),
}
const drawn =
  words(`viewbox width height x y x1 y1 x2 y2 cx cy r rx ry d points pathlength fill stroke stroke-width stroke-dasharray
  stroke-linecap stroke-linejoin opacity transform focusable aria-hidden`)
const drawings = words('svg g path circle ellipse rect line polyline polygon')

/** No file picker, no image button: each takes a request elsewhere or more than it shows. */
const inputTypes = words('hidden text search email url tel number password checkbox radio submit button date time')

export interface HtmlProblem {
  /** From 0. */
  readonly at: number
  readonly words: string
}

/** What stands for a form's token while a piece is looked at. */
export const tokenMark = '\u{f0000}'
/** What stands for the default of a block. */
export const defaultMark = '\u{f0001}'
const marks = /[\u{f0000}\u{f0001}]/u

const tag = /^<(\/?)([A-Za-z][A-Za-z0-9-]*)((?:\s+[^\s"'<>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*(\/?)>/
const attribute = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?/g

const isOwnPath = (url: string): boolean => /^\/(?![/\\])/.test(url)
const isFree = (url: string): boolean =>
  /^(https?:|mailto:|tel:)/i.test(url) || !/^[^/?#]*:/.test(url.replace(/[\u0000-\u0020]/g, ''))

const named: Readonly<Record<string, string>> = {
  script: 'no scripts: pages of Batchway run none but their own',
  style: 'no style sheets in templates: set colours and shape in theme.yaml',
  iframe: 'no frames',
  link: 'no links to style sheets: set colours and shape in theme.yaml',
  meta: 'no meta elements',
  base: 'no base element',
}

/** @returns what is wrong, in the order of the text; nothing for a piece that a page can take in. */
export function htmlProblems(html: string, { isWhole = true }: { readonly isWhole?: boolean } = {}): HtmlProblem[] {
  const problems: HtmlProblem[] = []
  const stack: { name: string; at: number; isPost: boolean; hasToken: boolean }[] = []
  let at = 0
  const tell = (said: string, where = at): void => void problems.push({ at: where, words: said })
  while (at < html.length) {
    const next = html.indexOf('<', at)
    const text = html.slice(at, next === -1 ? undefined : next)
    if (text.includes(tokenMark)) {
      const form = stack.findLast(({ name }) => name === 'form')
      if (form) form.hasToken = true
      else if (isWhole) tell('{% form_token %} stands outside a form')
    }
    if (next === -1) break
    at = next
    const [whole = '', slash = '', given = '', inside = '', closed = ''] = tag.exec(html.slice(at)) ?? []
    if (whole === '') {
      tell(
        html.startsWith('<!--', at)
          ? 'write {% comment %}…{% endcomment %} in place of <!-- -->'
          : 'this tag cannot be read: quote each value, close it with ">", and write "&lt;" for a plain "<"',
      )
      // Nothing after it can be trusted to be what it looks like.
      return problems
    }
    const name = given.toLowerCase()
    if (marks.test(whole)) tell(`a block or a token stands inside the tag <${name}>`)
    if (!elements.has(name) && slash !== '') {
      // Its opening has been told.
    } else if (!elements.has(name)) tell(`<${name}>: ${named[name] ?? 'this element is not for templates'}`)
    else if (slash !== '') close(name)
    else {
      checkAttributes(name, inside)
      if (!empty.has(name) && closed === '') {
        if (name === 'form' && stack.some((open) => open.name === 'form')) tell('a form inside a form')
        const isPost = /(^|\s)method\s*=\s*["']post["']/i.test(inside)
        stack.push({ name, at, isPost, hasToken: false })
      } else if (closed !== '' && !empty.has(name) && !drawings.has(name))
        tell(`<${name}/> does not close: write </${name}>`)
    }
    at += whole.length
  }
  if (isWhole) for (const { name, at: where } of stack) tell(`<${name}> is not closed`, where)
  return problems

  function close(name: string): void {
    const open = stack.at(-1)
    if (open?.name !== name) {
      if (isWhole) tell(`</${name}> closes nothing here${open ? `: <${open.name}> is open` : ''}`)
      return
    }
    stack.pop()
    if (open.isPost && !open.hasToken && isWhole)
      tell('this form is refused when it is sent: write {% form_token %} into it', open.at)
  }

  function checkAttributes(name: string, inside: string): void {
    for (const [, key = '', double, single] of inside.matchAll(attribute)) {
      const lower = key.toLowerCase()
      const value = (double ?? single ?? '').replaceAll('&amp;', '&')
      if (lower.startsWith('on')) tell(`${lower}: no scripts in attributes`)
      else if (lower === 'style') tell('style: use classes; colours and shape are set in theme.yaml')
      else if (
        !anywhere.has(lower) &&
        !/^(aria|data)-[a-z0-9-]+$/.test(lower) &&
        !attributes[name]?.has(lower) &&
        !(drawings.has(name) && drawn.has(lower))
      )
        tell(`${lower} is not for <${name}> in templates`)
      else if (lower === 'href' && !isFree(decode(value)))
        tell(`href: write an address with https:, mailto: or tel:, or a path`)
      else if (lower === 'src' && !isOwnPath(value) && isWhole)
        tell(`src: pictures lie in the theme's folder static: write src="{{ 'NAME.png' | theme_file }}"`)
      else if (lower === 'action' && value !== '' && !isOwnPath(value) && isWhole)
        tell('action: forms go to paths of this gateway alone')
      else if (lower === 'method' && !/^(get|post)$/i.test(value)) tell('method: write "get" or "post"')
      else if (lower === 'type' && name === 'input' && !inputTypes.has(value.toLowerCase()) && isWhole)
        tell(`type="${value}" is not for templates`)
      else if (/url\(/i.test(value) && drawings.has(name)) tell(`${lower}: no url() in drawings`)
    }
    if (name === 'img' && !/(^|\s)alt\s*=/i.test(inside))
      tell('<img>: write alt="…": what it shows, or nothing for decoration')
  }
}

/** As a browser reads it, as far as a scheme can be hidden in it. */
const decode = (value: string): string =>
  value
    .replace(/&#x([0-9a-f]+);?/gi, (_, hex: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(hex, 16), 0x10ffff)),
    )
    .replace(/&#(\d+);?/g, (_, digits: string) => String.fromCodePoint(Math.min(Number(digits), 0x10ffff)))
    .replace(/&colon;/gi, ':')
    .replace(/&(tab|newline);/gi, '')
