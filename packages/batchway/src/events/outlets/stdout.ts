/** Lines on a descriptor that is open already: standard output, among the lines of the log. */
import { write } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { LineFormat } from '../event-line.ts'
import type { OpenOutlet } from '../outlet.ts'

/** A pipe takes so much in one piece: other lines cannot come in between. @see pipe(7), PIPE_BUF */
const pieceBytes = 4_096
/** How long a full pipe that does not block is left alone. */
const fullMs = 20

/** Not `process.stdout`, whose pipes are written at once and stop the whole process when nobody reads: this waits in a thread. */
const writeSome = (descriptor: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    write(descriptor, bytes, (error, count) => {
      if (error === null) resolve(count)
      else if (error.code === 'EAGAIN') resolve(0)
      else reject(error)
    })
  })

function toPieces(lines: readonly string[]): readonly Buffer[] {
  const pieces: Buffer[] = []
  let piece = ''
  for (const line of lines) {
    if (piece !== '' && Buffer.byteLength(piece) + Buffer.byteLength(line) >= pieceBytes) {
      pieces.push(Buffer.from(piece))
      piece = ''
    }
    piece += `${line}\n`
  }
  return [...pieces, Buffer.from(piece)]
}

export function openDescriptor({
  descriptor,
  format,
}: {
  readonly descriptor: number
  readonly format: LineFormat
}): OpenOutlet {
  return async () => {
    let isClosed = false
    return {
      async send(lines) {
        for (const piece of toPieces(lines.map((line) => line.text(format)))) {
          for (let done = 0; done < piece.length; ) {
            if (isClosed) throw new Error('closed before all was written')
            const count = await writeSome(descriptor, piece.subarray(done))
            done += count
            if (count === 0) await delay(fullMs)
          }
        }
      },
      async close() {
        isClosed = true
      },
    }
  }
}
