/** Why nobody can listen at a place, in words for whoever starts us. Pure. @see listen(2), bind(2), unix(7) */

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there already ("ss -lntxp" as root shows which)',
  EACCES: 'this account may not listen there: ports below 1024 are root’s, sockets need a folder that it can write in',
  EADDRNOTAVAIL: 'this host has no such address ("ip address" shows them)',
  ENOTFOUND: 'no address is known for this name',
  EAI_AGAIN: 'names are not answered now',
  ENOENT: 'the folder is not there',
}

/** @param place as the configuration writes it. */
export function listenProblem(place: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const words = reasons[code] ?? (error instanceof Error ? error.message : String(error))
  return new Error(`cannot listen at ${place}: ${words}${code === '' ? '' : ` [${code}]`}`, { cause: error })
}
