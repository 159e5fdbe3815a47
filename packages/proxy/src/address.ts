/** Where a server listens, or where a client connects: TCP or a unix socket. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/**
 * Parse `HOST:PORT`, `[IPv6]:PORT` or `unix:/absolute/path`; a leading `http://` and a trailing slash are allowed.
 * @throws {RangeError} if the text has none of these forms.
 */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    // 107 bytes is what sockaddr_un holds besides the final zero byte on Linux, see unix(7).
    if (!path.startsWith('/') || path.includes('\0') || Buffer.byteLength(path) > 107)
      throw new RangeError(`not a usable socket path: ${JSON.stringify(text)} (absolute, at most 107 bytes)`)
    return { kind: 'unix', path }
  }
  const [, six, other, digits] = /^(?:http:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})\/?$/.exec(text) ?? []
  const host = six ?? other
  const port = Number(digits)
  // A host of the name `unix` would be written as a socket without a path.
  if (host === undefined || host === 'unix' || port > 65_535)
    throw new RangeError(`not an address: ${JSON.stringify(text)} (HOST:PORT, [IPv6]:PORT or unix:/path)`)
  return { kind: 'tcp', host, port }
}

/** The text form that {@link parseAddress} reads. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
