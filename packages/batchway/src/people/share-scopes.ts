/** What of a server can be given to others, in JupyterHub's notation. Pure. */
import { BatchwayError } from '../core/errors.ts'
import { type CustomScopes, withSubscopes } from './scope-table.ts'
import { parseScope } from './scopes.ts'

/** Rights over one server. All else says nothing about a server, and is not handed on by a share. */
const shareable: ReadonlySet<string> = new Set([
  'access:servers',
  'servers',
  'read:servers',
  'start:servers',
  'delete:servers',
  'admin:servers',
  'admin:server_state',
  'shares',
  'read:shares',
])

/** What a share gives when nothing is said. */
const usualShare: readonly string[] = ['access:servers']

export const scopeOnServer = (name: string, ownerName: string, serverName: string): string =>
  `${name}!server=${ownerName}/${serverName}`

/**
 * Scopes as a request names them, with the filter of this server or without one.
 * @returns names without a filter, each once; `usualShare` for none.
 * @throws {BatchwayError} `bad_request` for what does not exist, is no right over a server, or is about another one.
 */
export function parseShareScopes(
  texts: readonly string[] | null,
  ownerName: string,
  serverName: string,
  custom?: CustomScopes,
): readonly string[] {
  if (texts === null || texts.length === 0) return usualShare
  return [...new Set(texts.map((text) => nameOf(text, `${ownerName}/${serverName}`, custom)))].sort()
}

function nameOf(text: string, server: string, custom?: CustomScopes): string {
  const scope = parseScope(text)
  const quoted = JSON.stringify(text.slice(0, 100))
  if (scope === null || withSubscopes(scope.name, custom).length === 0)
    throw new BatchwayError('bad_request', `There is no scope ${quoted}.`)
  const { name, filter } = scope
  if (filter !== null && (filter.kind !== 'server' || filter.value !== server))
    throw new BatchwayError('bad_request', `${quoted} is not about the server ${server}.`)
  if (!shareable.has(name) && !name.startsWith('custom:'))
    throw new BatchwayError('bad_request', `${quoted} is no right over a server: it cannot be shared.`)
  return name
}
