import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asRecord } from './order.ts'

/** What a client may ask of the scheduler: one JSON document each way over a unix socket, then both hang up. */
export type Request = { readonly op: 'submit' | 'list' | 'cancel' | 'history' | 'info' } & Readonly<
  Record<string, unknown>
>

export type Reply =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly kind: 'refused' | 'unknown-job' | 'failed'; readonly words: string }

/** `sent`: the request may have been taken though no reply came. */
export class NoReply extends Error {
  readonly sent: boolean
  constructor(message: string, sent: boolean, options?: ErrorOptions) {
    super(message, options)
    this.sent = sent
  }
}

const maxRequestBytes = 4 * 1_024 * 1_024
/** `sun_path` holds 108 bytes with its final zero. @see unix(7) */
const maxSocketPathBytes = 107

/** @throws {RangeError} if the directory's path is too long for a socket in it. */
export function socketPath(state: string): string {
  const path = join(state, 'scheduler.sock')
  if (Buffer.byteLength(path) > maxSocketPathBytes)
    throw new RangeError(`${state} is too long a path for a socket: at most ${maxSocketPathBytes - 15} bytes`)
  return path
}

/** Answer requests. Who can open the socket is for the directory's mode to say. */
export function createWireServer(handle: (request: Request) => Promise<Reply>): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.setTimeout(30_000, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    read(socket, maxRequestBytes)
      .then((received) => handle(JSON.parse(received)))
      .catch(
        (error: unknown): Reply => ({
          ok: false,
          kind: 'failed',
          words: error instanceof Error ? error.message : 'failed',
        }),
      )
      .then((reply) => socket.end(JSON.stringify(reply)))
  })
}

/** Ask the scheduler of a state directory. @throws {NoReply} */
export async function ask(state: string, request: Request, limitMs = 30_000): Promise<Reply> {
  const path = socketPath(state)
  const socket = connect({ path, allowHalfOpen: true })
  try {
    await Promise.race([once(socket, 'connect'), refuseAfter(limitMs)])
  } catch (error) {
    socket.destroy()
    throw new NoReply(`the local scheduler does not answer at ${path}`, false, { cause: error })
  }
  try {
    socket.end(JSON.stringify(request))
    const reply = asRecord(
      JSON.parse(await Promise.race([read(socket, Number.POSITIVE_INFINITY), refuseAfter(limitMs)])),
    )
    if (typeof reply?.ok !== 'boolean') throw new Error('not a reply')
    return reply as Reply
  } catch (error) {
    throw new NoReply(`the local scheduler at ${path} gave no reply`, true, { cause: error })
  } finally {
    socket.destroy()
  }
}

async function refuseAfter(limitMs: number): Promise<never> {
  await sleep(limitMs, undefined, { ref: false })
  throw new Error(`no answer within ${limitMs} ms`)
}

async function read(socket: Socket, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > limitBytes) throw new RangeError('the request is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
