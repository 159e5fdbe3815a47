/** One `batchway start` per state directory: whoever listens on a socket in it holds the gateway. A killed one leaves nothing that blocks. */
import { once } from 'node:events'
import { unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isAnswered } from '../../app/listen.ts'

const socketOf = (stateDirectory: string): string => join(stateDirectory, 'start.sock')

/** Does a `batchway start` hold this state directory? */
export const isStarterThere = (stateDirectory: string): Promise<boolean> => isAnswered(socketOf(stateDirectory))

/** @returns the lock, or null while another process holds it. */
export async function lockStarter(stateDirectory: string): Promise<AsyncDisposable | null> {
  const path = socketOf(stateDirectory)
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const server = createServer((socket) => socket.destroy())
    const before = process.umask(0o077)
    try {
      server.listen(path)
      await once(server, 'listening')
      server.unref() // it is held as long as we live, and does not keep us alive
      return {
        async [Symbol.asyncDispose]() {
          const closed = once(server, 'close')
          server.close()
          await closed
        },
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    } finally {
      process.umask(before)
    }
    if (await isAnswered(path)) return null
    try {
      unlinkSync(path) // of one that was killed
    } catch {
      // another one was faster
    }
  }
  return null
}
