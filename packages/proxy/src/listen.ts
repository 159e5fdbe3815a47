import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { BlockList, connect, isIP, type Server } from 'node:net'
import { type Address, formatAddress } from './address.ts'
import { listenProblem } from './listen-problem.ts'

/**
 * Listen, and say where (port 0 becomes the real one). A socket file nobody listens on any more is removed first.
 * @param inherited descriptor of a socket that listens there already; null: there is none.
 * @throws {Error} with words, if it cannot, or if that one listens elsewhere.
 */
export async function listen(
  server: Server,
  address: Address,
  socketMode: number,
  inherited: number | null = null,
): Promise<string> {
  if (inherited !== null) return await listenOn(server, address, inherited)
  try {
    return await open(server, address, socketMode)
  } catch (error) {
    throw listenProblem(formatAddress(address), error)
  }
}

async function open(server: Server, address: Address, socketMode: number): Promise<string> {
  if (address.kind === 'tcp') {
    server.listen({ host: address.host, port: address.port })
    await once(server, 'listening')
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
    return formatAddress({ ...address, port })
  }
  if (await isAbandoned(address.path)) await rm(address.path, { force: true })
  // The socket is made by this very call. It must not be more people's than it shall be, not even for a moment.
  const before = process.umask(0o777 & ~socketMode)
  try {
    server.listen({ path: address.path })
  } finally {
    process.umask(before)
  }
  await once(server, 'listening')
  return formatAddress(address)
}

async function listenOn(server: Server, address: Address, descriptor: number): Promise<string> {
  server.listen({ fd: descriptor })
  await once(server, 'listening')
  // Unix sockets of others do not tell their path.
  const bound = server.address()
  const place = typeof bound === 'object' && bound !== null ? bound : null
  const isThere =
    address.kind === 'unix'
      ? place === null
      : place !== null &&
        (address.port === 0 || place.port === address.port) &&
        // A name may stand for any address.
        (isIP(address.host) === 0 || sameAddress(address.host, place.address))
  if (!isThere) {
    const where =
      place === null ? 'a unix socket' : formatAddress({ kind: 'tcp', host: place.address, port: place.port })
    throw new Error(`the socket unit listens on ${where} in place of ${formatAddress(address)}: make it anew`)
  }
  return formatAddress(address.kind === 'tcp' && place !== null ? { ...address, port: place.port } : address)
}

const sameAddress = (a: string, b: string): boolean => {
  const list = new BlockList()
  const family = (text: string) => (isIP(text) === 6 ? 'ipv6' : 'ipv4')
  list.addAddress(a, family(a))
  return list.check(b, family(b))
}

/** True for the socket file of a process that was killed. Anything else at that path is left alone, and listening fails. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'))
  })
}
