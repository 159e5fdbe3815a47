import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
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
  server.listen({ path: address.path })
  await once(server, 'listening')
  await chmod(address.path, socketMode)
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
