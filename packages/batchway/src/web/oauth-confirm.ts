import type { User } from '../people/people.ts'
import { errorTone } from './error-pages.ts'
import { timeWords } from './format.ts'
import { hubPaths } from './hub-paths.ts'
import { createPages, type PageData } from './pages.ts'
import { loadStaticFiles } from './static-files.ts'
import { noTheme, type ThemeSource } from './theme/live-theme.ts'
import type { Visit, WebSettings } from './web-room.ts'

/** What the OAuth room asks to be shown. Rooms of one floor do not know each other: `app` hands the renderer over. */
export interface OAuthPageModels {
  readonly 'oauth-confirm': {
    readonly user: { readonly name: string; readonly isAdmin: boolean }
    readonly client: { readonly id: string; readonly description: string; readonly redirectUri: string }
    /** Whose server asks; null: a service. */
    readonly owner: string | null
    /** Of the server or the service. */
    readonly name: string
    readonly scopes: readonly string[]
    /** Where the form posts to: the very address of the authorize request. */
    readonly action: string
    readonly xsrf: string
    readonly cancel: string
  }
  readonly error: {
    readonly status: number
    readonly title: string
    readonly message: string
    /** What the visitor can do. */
    readonly advice: string
    readonly requestId: string
  }
}

export type RenderOAuthPage = <Name extends keyof OAuthPageModels>(
  name: Name,
  model: OAuthPageModels[Name],
) => Promise<string>

/** Pages of the OAuth exchange as text; the caller sets status and headers. @param ownScopes the site's own, with its words for them. */
export function renderOAuthPage(
  settings: WebSettings,
  now: () => number,
  ownScopes: ReadonlyMap<string, string> = new Map(),
  theme: ThemeSource = noTheme,
): RenderOAuthPage {
  const paths = hubPaths(settings.base)
  const pages = createPages(settings, paths, loadStaticFiles(), timeWords(settings.timeZone), now, undefined, theme)
  const pageOf: { readonly [Name in keyof OAuthPageModels]: (model: OAuthPageModels[Name]) => [PageData, Visit] } = {
    'oauth-confirm': ({ user, client, owner, name, scopes, action, xsrf, cancel }) => [
      {
        template: 'oauth-confirm',
        title: 'Allow an application',
        data: {
          client,
          owner,
          name,
          action,
          cancel,
          scopes: scopes.map((scope) => ({ name: scope, description: scopeWords(scope, ownScopes) })),
        },
      },
      { ...nobody, xsrf, user: { ...unknownUser, name: user.name } },
    ],
    error: ({ status, title, message, advice, requestId }) => [
      {
        template: 'error',
        title,
        icon: errorTone(status),
        data: {
          tone: errorTone(status),
          mark: status >= 500 ? 'alert' : 'info',
          chip: `${status} ${title}`,
          sentence: `${title}.`,
          detail: message,
          next_step: advice,
          // Who is here is known by the cookie or will be asked: there is nothing to press.
          hides_sign_in: true,
          action: null,
          code: 'batchway.oauth',
          request_id: requestId,
        },
      },
      { ...nobody, requestId },
    ],
  }
  return (name, model) => {
    const [page, visit] = pageOf[name](model)
    return pages.html(page, visit, '')
  }
}

const nobody: Visit = {
  requestId: '',
  user: null,
  signIn: null,
  scopes: new Set(),
  xsrf: '',
  isFragment: false,
  isForeign: false,
}
/** The page needs the name alone. */
const unknownUser: User = {
  id: 0,
  name: '',
  isAdmin: false,
  groups: [],
  createdAt: 0,
  lastActivityAt: null,
  preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
}

/** A right in words; one without words shows as it is. */
function scopeWords(scope: string, ownScopes: ReadonlyMap<string, string>): string {
  const name = scope.split('!', 1)[0] ?? ''
  if (scope === 'inherit') return 'Do everything that you may do'
  const words: Readonly<Record<string, string>> = {
    'access:servers': 'Know that you may open this session',
    'access:services': 'Know that you may open this service',
    'read:users:name': 'Know your user name',
    'read:users:groups': 'Know the groups you are in',
    'read:users:activity': 'Know when you were last active',
    'users:activity': 'Report when you are active',
  }
  return words[name] ?? ownScopes.get(name) ?? 'Act for you with the right'
}
