/** An application that says what a row has it say, and keeps what it got. */
import type net from 'node:net'
import type { Route } from '../route.ts'
import { headOf, type Message, readRequests } from './messages.ts'
import type { Answer, AnswerStep, Row } from './row.ts'
import { ok } from './row.ts'
import { openListener, type Transport } from './transport.ts'

export const probe = 'GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n'
export const probeAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe'

export interface ScriptedApplication extends AsyncDisposable {
  /** How it is reached. */
  readonly route: Route
  /** All requests but the probe, as they came. The last of a connection may be no whole one. */
  requests(): readonly Message[]
  /** Bytes that are no request. */
  strange(): string
  /** All bytes. */
  text(): string
  /** Which connection the probe came on; -1 before it came. */
  probedOn(): number
  /** Number of connections so far. */
  connections(): number
}

interface Line {
  text: string
  answered: number
  isOver: boolean
}

/** @param by how it is reached. @param clientHas whether the client has got these bytes. @param until waits for a condition. */
export async function openScriptedApplication(
  row: Pick<Row, 'application'>,
  by: Transport,
  clientHas: (text: string) => boolean,
  until: (condition: () => boolean, what: string) => Promise<void>,
): Promise<ScriptedApplication> {
  const lines: Line[] = []
  const sockets = new Set<net.Socket>()
  let turn = 0
  let probedOn = -1

  async function play(socket: net.Socket, line: Line, said: Answer): Promise<void> {
    for (const step of typeof said === 'string' ? [said] : said) await act(socket, line, step)
  }
  async function act(socket: net.Socket, line: Line, step: AnswerStep): Promise<void> {
    if (step === 'at head') return
    if (step === 'half-close') socket.end()
    else if (step === 'close') socket.destroySoon()
    else if (step === 'reset') listener.reset(socket)
    else if (typeof step === 'string') socket.write(step, 'latin1')
    else if ('until' in step) await until(() => clientHas(step.until), `the client got ${JSON.stringify(step.until)}`)
    else await until(() => line.text.includes(step.untilSeen), `the application got ${JSON.stringify(step.untilSeen)}`)
  }

  const saidTo = (target: string): Answer => {
    const script = row.application ?? ok
    if (typeof script === 'string') return script
    if ('byTarget' in script) return script.byTarget[target] ?? ok
    if (!('inTurn' in script)) return script
    const said = script.inTurn[turn] ?? ok
    turn += 1
    return said
  }

  const listener = await openListener(by, (socket) => {
    const line: Line = { text: '', answered: 0, isOver: false }
    const at = lines.push(line) - 1
    sockets.add(socket)
    let playing: Promise<void> = Promise.resolve()
    const look = (): void => {
      const { messages, rest } = readRequests(line.text, false)
      const heads = messages.map(({ text }) => text)
      const part = headOf(rest)
      if (part !== null) heads.push(part)
      for (const [index, text] of heads.entries()) {
        if (index < line.answered) continue
        const [, target = ''] = text.split(' ', 2)
        const isWhole = index < messages.length
        if (target === '/probe') {
          probedOn = at
          line.answered += 1
          playing = playing.then(() => {
            socket.write(probeAnswer)
          })
          continue
        }
        const before = turn
        const said = saidTo(target)
        if (!isWhole && said[0] !== 'at head') {
          turn = before
          break
        }
        line.answered += 1
        playing = playing
          .then(() => play(socket, line, said))
          .catch(() => {
            socket.destroy()
          })
      }
    }
    socket.on('data', (bytes) => {
      line.text += bytes.toString('latin1')
      look()
    })
    socket.on('end', () => {
      line.isOver = true
      playing = playing.then(() => {
        socket.end()
      })
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      line.isOver = true
      sockets.delete(socket)
    })
  })
  const readings = () => lines.map(({ text, isOver }) => readRequests(text, isOver))
  return {
    route: listener.route,
    requests: () =>
      readings().flatMap(({ messages }) => messages.filter(({ text }) => !text.startsWith('GET /probe '))),
    strange: () =>
      readings()
        .map(({ rest }) => rest)
        .join(''),
    text: () => lines.map(({ text }) => text).join(''),
    probedOn: () => probedOn,
    connections: () => lines.length,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await listener.close()
    },
  }
}
