import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { type Address, formatAddress } from './address.ts'

/** Listen, and say where (port 0 becomes the real one). A socket file nobody listens on any more is removed first. */
export async function listen(server: Server, address: Address, socketMode: number): Promise<string> {
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
