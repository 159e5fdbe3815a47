/**
 * The local syslog socket, usually /dev/log: a unix datagram socket, which Node cannot open. util-linux' `logger` can, is part of every
 * Linux, and takes a hundred thousand lines a second from a pipe; a daemon that hangs then stops that program and not the hub.
 * @see logger(1) of util-linux 2.32 or later
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { LineFormat } from '../event-line.ts'
import type { OpenOutlet } from '../outlet.ts'
import { type Facility, priorityOf } from '../syslog-frame.ts'

export interface LocalPlace {
  readonly socket: string
  /** `bsd`: what syslog(3) writes and every daemon reads there; `rfc5424`: for daemons that are told to expect it. */
  readonly header: 'bsd' | 'rfc5424'
  readonly facility: Facility
  readonly appName: string
  readonly pid: number
  /** Path of the program. */
  readonly program: string
}

/** Longer than any line of ours. */
const longestBytes = 65_536

export function openLocal(place: LocalPlace, format: LineFormat, onLost: (count: number) => void): OpenOutlet {
  const args = [
    `--socket=${place.socket}`,
    '--socket-errors=on',
    `--tag=${place.appName}`,
    `--id=${place.pid}`,
    `--size=${longestBytes}`,
    '--prio-prefix',
    ...(place.header === 'rfc5424' ? ['--rfc5424=notq'] : []),
  ]
  return async () => {
    if (!(await stat(place.socket)).isSocket()) throw new Error(`${place.socket} is not a socket`)
    // In a session of its own: Ctrl-C and the end of a terminal are the hub's to act on, and it hands over what waits.
    const child = spawn(place.program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true })
    let words = ''
    let ended: Error | null = null
    child.on('error', (error) => {
      ended = error
    })
    child.on('exit', (code, signal) => {
      ended ??= new Error(`${place.program} ended (${signal ?? code})${words === '' ? '' : `: ${words}`}`)
    })
    child.stdin.on('error', () => {}) // told by who writes
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = text.trim().split('\n').at(-1)?.slice(0, 200) ?? ''
      // The program goes on after one that it could not hand over, and says so.
      const lost = text.split('send message failed').length - 1
      if (lost > 0) onLost(lost)
    })
    child.unref()
    if (child.stderr instanceof Socket) child.stderr.unref()
    await once(child, 'spawn')
    return {
      send: (lines) =>
        new Promise((resolve, reject) => {
          if (ended !== null) return reject(ended)
          const gone = (): void => reject(ended ?? new Error(`${place.program} ended`))
          child.once('exit', gone)
          const text = lines.map((line) => `<${priorityOf(place.facility, line.severity)}>${line.text(format)}\n`)
          child.stdin.write(text.join(''), (error) => {
            child.off('exit', gone)
            if (error) reject(ended ?? error)
            else resolve()
          })
        }),
      async close() {
        // It reads to the end what it was given, and ends then: with us or after us.
        if (child.stdin.writableLength === 0) child.stdin.end()
        else child.stdin.destroy()
      },
    }
  }
}
