import { type AppConnector, portConnector, socketConnector } from './app-connection.ts'
import type { Clock } from './clock.ts'
import type { ApplicationOrder } from './protocol.ts'
import { reserveLoopbackPort } from './reserve-port.ts'
import type { SessionProcesses } from './session-processes.ts'
import { basesOf, bootId, openSocketFolder, sweepSocketFolders } from './socket-folder.ts'

/** Where the application listens, and how it is reached there. */
export interface ListeningPlace extends Disposable {
  /** Put the place into an argument or the value of a variable. */
  readonly fill: (text: string) => string
  readonly connector: AppConnector
  /** The application has chosen another port than it was given. Means nothing to one on a socket. */
  readonly moveTo: (port: number) => void
}

export interface ListeningPlaceOptions {
  readonly order: Pick<ApplicationOrder, 'listensOn'>
  readonly uid: number
  readonly clock: Clock
  /** The job's folder for temporary files (`TMPDIR`), if it has one. */
  readonly temporary: string | undefined
  readonly processes: Pick<SessionProcesses, 'list' | 'near'>
  readonly log: (line: string) => void
}

/** @throws {ListenError} */
export async function openListeningPlace(options: ListeningPlaceOptions): Promise<ListeningPlace> {
  const { order, uid, clock, temporary, processes, log } = options
  if (order.listensOn !== 'socket') {
    const reserved = await reserveLoopbackPort()
    let { port } = reserved
    return {
      fill: (text) => text.replaceAll('{port}', String(reserved.port)),
      connector: portConnector({ port: () => port, uid, processes: processes.list, near: processes.near }),
      moveTo: (chosen) => {
        if (chosen !== port) log(`the application has chosen port ${chosen}`)
        port = chosen
      },
      [Symbol.dispose]: () => reserved[Symbol.dispose](),
    }
  }
  const where = { bases: basesOf(temporary), uid, boot: bootId() }
  const folder = await openSocketFolder(where)
  // Nobody waits for this: what is left behind takes a name and nothing else.
  void sweepSocketFolders(where, clock.now()).catch(() => undefined)
  return {
    fill: (text) => text.replaceAll('{socket}', folder.socket),
    connector: socketConnector(folder.socket, clock),
    moveTo: () => undefined,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}
