/** Where a request comes from, for the audit log and for limits. */

/** Behind the proxy: it alone sees the client, and the last address is the one it saw itself. */
export const forwardedAddress = (headers: Headers): string =>
  headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? ''

/** On the internal listener: the peer of the connection, for anybody there may write any header. `''` where nothing listens (tests). */
export function peerAddress(bindings: unknown): string {
  let found: unknown = bindings
  for (const name of ['incoming', 'socket', 'remoteAddress'])
    found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined
  return typeof found === 'string' ? found.replace(/^::ffff:/, '') : ''
}
