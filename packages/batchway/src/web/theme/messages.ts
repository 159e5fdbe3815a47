/** The texts of our pages that a site may say in its own words, by key. */

export interface Message {
  readonly text: string
  readonly where: string
}

export const messages = {
  'nav.home': { text: 'Home', where: 'Navigation' },
  'nav.launch': { text: 'Launch', where: 'Navigation' },
  'nav.history': { text: 'History', where: 'Navigation' },
  'nav.tokens': { text: 'Tokens', where: 'Navigation' },
  'nav.help': { text: 'Help', where: 'Head, where a help address is set' },
  'menu.sign-out': { text: 'Sign out', where: 'Menu of the user' },
  'footer.help': { text: 'Help and guides', where: 'Foot, where a help address is set' },
  'footer.policy': { text: 'Terms and privacy', where: 'Foot and sign-in page, where a policy address is set' },
  'sign-in.title': { text: 'Sign in', where: 'Sign-in page' },
  'sign-in.lead': {
    text: 'Jupyter and other applications on the clusters of {site}.',
    where: 'Sign-in page, below its title',
  },
  'sign-in.no-account': { text: 'No account yet, or it does not work?', where: 'Sign-in page, the link to help' },
  'sign-in.no-way': { text: 'No way to sign in is set up. Tell who runs this gateway.', where: 'Sign-in page' },
  'sign-in.username': { text: 'Username', where: 'Sign-in page, the field' },
  'sign-in.password': { text: 'Password', where: 'Sign-in page, the field' },
  'signed-out.title': { text: 'You are signed out', where: 'After signing out' },
  'signed-out.lead': {
    text: 'Sessions that run go on: they end only when you stop them or their time is over.',
    where: 'After signing out',
  },
  'link.where': {
    text: 'Whoever started this gateway finds a new link in the terminal.',
    where: 'Sign-in page and used-up links',
  },
  'home.title': { text: 'Home', where: 'Home page' },
  'home.launch': { text: 'Launch a session', where: 'Home page, the main button' },
  'home.empty': { text: 'No sessions yet', where: 'Home page before the first session' },
  'home.quiet': { text: 'Nothing runs at the moment', where: 'Home page, when all have ended' },
  'home.what-is-it': {
    text: 'A session is an application on a compute node, open in your browser. Choose a profile to start with.',
    where: 'Home page, when nothing runs',
  },
  'home.no-profile': {
    text: 'No profile is offered to you yet. Ask who runs this gateway.',
    where: 'Home page, for people without a profile',
  },
  'launch.title': { text: 'Launch a session', where: 'Launch form' },
  'launch.lead': {
    text: 'Choose a profile. Nothing starts before you press the button.',
    where: 'Launch form, below its title',
  },
  'launch.note': {
    text: 'It starts as a batch job in your name. You can close the page while it waits.',
    where: 'Launch form, below its buttons',
  },
  'launch.no-profile': {
    text: 'Profiles are set up by who runs this gateway. Ask them which group you need.',
    where: 'Launch form, for people without a profile',
  },
  'session.closing': {
    text: 'Closing the browser does not end the session. It goes on until you stop it or its time is over.',
    where: 'Page of a session that runs',
  },
  'session.files': {
    text: 'Files in your home folder stay; what is only in memory goes with the session.',
    where: 'Page of a session that runs',
  },
  'session.sharing': {
    text: 'A session that is not used still keeps its cores and memory from others: stop it when you are done.',
    where: 'Page of a session that runs',
  },
  'error.what-to-do': { text: 'What you can do', where: 'Pages that tell of an error' },
  'error.support': { text: 'Write to support', where: 'Pages that tell of an error, where a mail address is set' },
} as const satisfies Readonly<Record<string, Message>>

export type MessageKey = keyof typeof messages
export const isMessage = (key: string): key is MessageKey => Object.hasOwn(messages, key)
export const messageKeys = Object.keys(messages).filter(isMessage)

/** Names in braces that a text uses. */
export const blanksOf = (text: string): string[] => [...text.matchAll(/\{([a-z_]+)\}/g)].map(([, name = '']) => name)

export const fillBlanks = (text: string, values: Readonly<Record<string, unknown>>): string =>
  text.replace(/\{([a-z_]+)\}/g, (blank, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : blank))
