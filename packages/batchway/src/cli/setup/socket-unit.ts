/** The socket unit of the proxy: systemd holds the listening sockets, so that connections wait while the proxy is started anew. Pure. */
import { type UnitFacts, unitName } from './units.ts'

/** @throws {Error} with words, where a listener has a name: systemd listens at addresses. */
export function proxySocketUnit({
  instance,
  account,
  listen,
}: Pick<UnitFacts, 'instance' | 'account' | 'listen'>): string {
  const places = listen.map(placeOf)
  return [
    '# Made by "batchway setup".',
    '[Unit]',
    `Description=Batchway${instance === null ? '' : ` “${instance}”`} proxy: where browsers connect`,
    `PartOf=${unitName('', instance, 'target')}`,
    '',
    '[Socket]',
    '# In the order of "listen".',
    ...places.map((place) => `ListenStream=${place}`),
    'BindIPv6Only=both',
    '# So many connections wait meanwhile, if net.core.somaxconn lets them.',
    'Backlog=4096',
    ...(places.some((place) => place.startsWith('/'))
      ? [`SocketUser=${account}`, `SocketGroup=${account}`, 'SocketMode=0660', 'RemoveOnStop=yes']
      : []),
    '',
    '[Install]',
    `WantedBy=sockets.target ${unitName('proxy', instance)}`,
    '',
  ].join('\n')
}

function placeOf(listener: string): string {
  const [, path] = /^unix:(.+)$/.exec(listener) ?? []
  if (path !== undefined) {
    if (!/^\/[\w./+-]+$/.test(path))
      throw new Error(`a socket unit cannot have the path ${path}: write one without blanks`)
    return path
  }
  if (!/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\]):\d+$/i.test(listener) || listener.endsWith(':0'))
    throw new Error(
      `systemd listens at addresses: write "127.0.0.1:8000" or "[::]:8000" in place of "${listener}" in "listen"`,
    )
  return listener
}
