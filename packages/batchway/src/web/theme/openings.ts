/** The places of our pages that a site may fill with its own: blocks of a page, and parts that several pages use. */
import type { Variables } from './variables.ts'

export interface Opening {
  readonly folder: 'blocks' | 'parts'
  readonly about: string
  /** Beside those that every opening has. */
  readonly variables: Variables
  /** What must be in it, or something on the page stops working. */
  readonly needs?: readonly { readonly pattern: RegExp; readonly why: string }[]
}

/** Of every block and part. */
export const commonVariables: Variables = {
  'site.title': ['text', 'Name of the gateway, as in the head'],
  'site.name': ['text', 'Who runs it (site.name of the configuration)'],
  'site.help_url': ['link', 'Where help is'],
  'site.help_mail': ['text', 'Whom to write to'],
  'site.policy_url': ['link', 'Terms of use and privacy'],
  'site.announcement': ['text', 'What the configuration announces'],
  'site.footer_links[].label': ['text', 'Further link of the foot'],
  'site.footer_links[].url': ['link', 'Where it leads'],
  'site.menu_links[].label': ['text', 'Further link of the navigation'],
  'site.menu_links[].url': ['link', 'Where it leads'],
  'site.logo': ['link', 'Address of the theme’s logo'],
  'site.logo_dark': ['link', 'The same for dark pages'],
  'site.logo_says_title': ['flag', 'The logo holds the title already'],
  'urls.home': ['link', 'Home'],
  'urls.launch': ['link', 'The launch form'],
  'urls.history': ['link', 'Sessions that ended'],
  'urls.tokens': ['link', 'Tokens'],
  'urls.api_docs': ['link', 'Reference of the API'],
  'urls.login': ['link', 'Sign in'],
  'urls.logout': ['link', 'Sign out; takes a form’s POST'],
  'urls.preferences': ['link', 'Takes the form of the appearance'],
  'urls.admin': ['link', 'Who is on, for administrators'],
  'urls.report': ['link', 'Nightly report, for administrators'],
  'urls.who': ['link', 'Check of a sign-in, for administrators'],
  'user.name': ['text', 'Who is signed in; nothing if nobody is'],
  'user.theme': ['text', '"light", "dark", or nothing: as the system has it'],
  'user.contrast': ['text', '"more" or nothing'],
  'user.may_check': ['flag', 'May check sign-ins'],
  'user.may_report': ['flag', 'May read reports'],
  'user.may_administer': ['flag', 'Sees the pages for administrators'],
  'page.kind': ['text', 'Which page it is, e.g. "home", "launch", "sign-in"'],
  'page.title': ['text', 'Its title'],
  'page.nav': ['text', 'Its place in the navigation'],
  'page.foot': ['text', 'What the page itself says in the foot'],
  'page.here': ['link', 'Its own address'],
  'page.hides_sign_in': ['flag', 'Nothing to press for who is not signed in'],
  now: ['time', 'When the page was made'],
  zone: ['text', 'Time zone of the page, short'],
}

const sessionCard: Variables = {
  'session.id': ['text', 'Its number'],
  'session.title': ['text', 'Profile and server'],
  'session.application': ['text', 'What runs in it'],
  'session.state': ['text', 'submitting, queued, starting, ready or stopping'],
  'session.chip.tone': ['text', 'Colour of the state'],
  'session.chip.icon': ['text', 'Icon of the state'],
  'session.chip.word': ['text', 'The state in a word'],
  'session.meta': ['text', 'Application, cluster, node'],
  'session.size': ['text', 'Cores, memory, GPUs'],
  'session.sentence': ['text', 'What is going on'],
  'session.cause': ['text', 'Why it waits'],
  'session.detail': ['text', 'More of it'],
  'session.isReady': ['flag', 'It runs'],
  'session.isOpenable': ['flag', 'It can be opened'],
  'session.left.text': ['text', 'Time left, h:mm'],
  'session.left.of': ['text', 'Of how much'],
  'session.left.share': ['number', '0 to 1'],
  'session.left.tone': ['text', 'warn or bad when it is short'],
  'session.endsAt': ['time', 'When its time is over'],
  'session.askedAt': ['time', 'When it was asked for'],
  'session.notices[].kind': ['text', 'warn or bad'],
  'session.notices[].icon': ['text', 'Icon of the notice'],
  'session.notices[].lead': ['text', 'What ends soon'],
  'session.notices[].next': ['text', 'What to do about it'],
  'session.urls.page': ['link', 'Its page'],
  'session.urls.open': ['link', 'The application'],
  'session.urls.stop': ['link', 'Takes the form that stops it'],
}

export const openings = {
  header: { folder: 'blocks', about: 'The head of every page: logo, navigation, menu of the user.', variables: {} },
  'nav-items': {
    folder: 'parts',
    about: 'Further items of the navigation: `<li>` each. Empty by default.',
    variables: {},
  },
  announcement: { folder: 'blocks', about: 'The announcement of the configuration, above each page.', variables: {} },
  top: {
    folder: 'blocks',
    about: 'Above the content of each page; `page.kind` tells which. Empty by default.',
    variables: {},
  },
  end: { folder: 'blocks', about: 'Below the content of each page. Empty by default.', variables: {} },
  footer: { folder: 'blocks', about: 'The foot of every page.', variables: {} },
  'sign-in-top': {
    folder: 'blocks',
    about: 'Between the title of the sign-in page and the ways to sign in. Empty by default.',
    variables: {},
  },
  'sign-in-ways': {
    folder: 'blocks',
    about: 'The ways to sign in: buttons and forms.',
    variables: {
      'front.address': ['link', 'Where the front server signs people in'],
      'front.button': ['text', 'Words of its button'],
      'ways[].id': ['text', 'Name of the way, for the field "login"'],
      'ways[].button': ['text', 'Words of its button'],
      'ways[].address': ['link', 'Where it begins; nothing for a form'],
      'ways[].is_first': ['flag', 'The main one'],
      'ways[].has_or': ['flag', 'Another stands above it'],
      'ways[].has_password': ['flag', 'Its form asks for a password'],
      'ways[].warning.title': ['text', 'What is dangerous about it'],
      'ways[].warning.text': ['text', 'More of it'],
      action: ['link', 'Where the forms go'],
      username: ['text', 'What was typed before'],
      has_form_problem: ['flag', 'The form was refused'],
      has_links: ['flag', 'One-time links are a way'],
      is_out: ['flag', 'Somebody has just signed out'],
    },
    needs: [
      { pattern: /\baction\b/, why: 'it has no form that goes to `action`: nobody could sign in with a password' },
      { pattern: /name="login"/, why: 'write a hidden field "login" with `way.id` into the form' },
      { pattern: /\.address\b/, why: 'it has no link to `way.address`: nobody could sign in with a provider' },
    ],
  },
  'sign-in-below': {
    folder: 'blocks',
    about: 'Below the card of the sign-in page.',
    variables: { destination: ['text', 'Where the visitor goes on to'] },
  },
  'home-empty': {
    folder: 'blocks',
    about: 'The words of the home page when nothing runs; the profiles follow.',
    variables: { has_ended: ['flag', 'There were sessions before'], has_profiles: ['flag', 'A profile is offered'] },
  },
  'launch-note': { folder: 'blocks', about: 'Below the buttons of the launch form.', variables: {} },
  'waiting-note': {
    folder: 'blocks',
    about: 'Below what a waiting session’s page says. Empty by default.',
    variables: {
      'session.title': ['text', 'Its name'],
      'session.state': ['text', 'submitting, queued, starting or stopping'],
    },
  },
  'session-note': {
    folder: 'blocks',
    about: 'Good to know, on the page of a session that runs.',
    variables: { 'session.title': ['text', 'Its name'] },
  },
  'error-help': {
    folder: 'blocks',
    about: 'What one can do, on pages that tell of an error.',
    variables: {
      next_step: ['text', 'Our advice'],
      code: ['text', 'Name of the problem'],
      request_id: ['text', 'Number of the request, for support'],
      'action.url': ['link', 'Where to go on'],
      'action.label': ['text', 'Words of that button'],
    },
  },
  brand: { folder: 'parts', about: 'Logo and name, in the head and on the sign-in page.', variables: {} },
  chip: {
    folder: 'parts',
    about: 'A state: icon, word and colour.',
    variables: {
      'chip.tone': ['text', 'ok, wait, move, bad or nothing'],
      'chip.icon': ['text', 'Name of the icon'],
      'chip.word': ['text', 'The word'],
    },
  },
  facts: {
    folder: 'parts',
    about: 'A list of terms and what they are.',
    variables: { 'facts[].term': ['text', 'Term'], 'facts[].text': ['text', 'What it is'] },
  },
  meter: {
    folder: 'parts',
    about: 'How much of a limit is used.',
    variables: {
      'meter.what': ['text', 'Of what'],
      'meter.words': ['text', 'Use and limit in words'],
      'meter.percent': ['number', '0 to 100'],
      'meter.tone': ['text', 'warn or bad when it is much'],
    },
  },
  notice: {
    folder: 'parts',
    about: 'What ends soon, with what to do.',
    variables: {
      'notice.kind': ['text', 'warn or bad'],
      'notice.icon': ['text', 'Name of the icon'],
      'notice.lead': ['text', 'What ends'],
      'notice.next': ['text', 'What to do'],
    },
  },
  silence: {
    folder: 'parts',
    about: 'A scheduler that does not answer.',
    variables: {
      'silence.lead': ['text', 'Who is silent'],
      'silence.sentence': ['text', 'What that means'],
      'silence.words': ['text', 'Its last words'],
    },
  },
  'session-card': {
    folder: 'parts',
    about: 'A session that runs or waits, on the home page.',
    variables: sessionCard,
    needs: [
      {
        pattern: /id="s-\{\{-?\s*session\.id\s*-?\}\}"/,
        why: 'write id="s-{{ session.id }}" at its outermost element: live updates find it by that',
      },
      { pattern: /\bdata-fragment\b/, why: 'write data-fragment at its outermost element: live updates replace it' },
    ],
  },
} as const satisfies Readonly<Record<string, Opening>>

export type OpeningName = keyof typeof openings
export const isOpening = (name: string): name is OpeningName => Object.hasOwn(openings, name)
export const openingNames = Object.keys(openings).filter(isOpening)
export const openingOf = (name: OpeningName): Opening => openings[name]
export const fileOf = (name: OpeningName): string => `${openings[name].folder}/${name}.liquid`
export const variablesOf = (name: OpeningName): Variables => ({ ...commonVariables, ...openings[name].variables })
