/** One connection to the program on a login node, from its first line to its end. Whatever is wrong with it ends it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { type Hello, loginNodeProtocol, type RemoteAnswer, type RemoteOrder } from '../login-node/messages.ts'
import { readLines } from '../login-node/read-lines.ts'
import { parseAnswer, parseHello } from './parse-answer.ts'
import { type SshFailure, sshFailure } from './ssh-words.ts'

/** What is started to reach the program: ssh, or the program itself. */
export interface Reach {
  readonly file: string
  readonly args: readonly string[]
}

export interface Connection {
  readonly hello: Hello
  readonly pid: number | undefined
  /** `gone`: the connection ended; the order may have been carried out, or be under way. */
  ask(order: RemoteOrder, limitMs: number): Promise<RemoteAnswer | 'gone'>
  /** Without waiting for an answer. */
  tell(order: RemoteOrder): void
  /** Let go: what runs there goes on to its end. */
  close(): void
}

/** What 32 MiB of output may come to as JSON. */
const longestAnswer = 200 * 2 ** 20
const handshakeMs = 40_000

/** Why there is no connection. */
export class NotConnected extends Error {
  readonly isFinal: boolean
  constructor({ words, isFinal }: SshFailure) {
    super(words)
    this.isFinal = isFinal
  }
}

/** @param onEnd told once, after a connection that had been made. @throws {NotConnected} */
export function connectLoginNode({ file, args }: Reach, onEnd: (failure: SshFailure) => void): Promise<Connection> {
  const asked = new Map<number, (answer: RemoteAnswer | 'gone') => void>()
  let stderr = ''
  let printed: string | null = null
  let wrong: string | null = null
  let hello: Hello | null = null
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', HOME: '/', LC_ALL: 'C' },
    detached: true, // a Ctrl-C at the hub's terminal is not for it
  })
  /** Only while somebody waits for an answer does it keep the hub from ending. */
  const hold = (isNeeded: boolean): void => {
    for (const part of [child, child.stdin, child.stdout, child.stderr])
      if (part instanceof Socket || part === child) isNeeded ? part.ref() : part.unref()
  }
  const drop = (words: string): void => {
    wrong ??= words
    child.kill('SIGTERM')
    child.stdout.destroy()
  }

  return new Promise((resolve, reject) => {
    const guard = setTimeout(() => drop('it did not answer in time'), handshakeMs)
    const connection = (greeting: Hello): Connection => ({
      hello: greeting,
      pid: child.pid,
      ask: (order, limitMs) =>
        new Promise((settle) => {
          if (ended) return settle('gone')
          const late = setTimeout(() => drop('it did not answer in time'), limitMs)
          asked.set(order.id, (answer) => {
            clearTimeout(late)
            asked.delete(order.id)
            if (asked.size === 0) hold(false)
            settle(answer)
          })
          hold(true)
          write(child, order)
        }),
      tell: (order) => write(child, order),
      close: () => void child.stdin.end(),
    })

    const greet = (line: string): void => {
      clearTimeout(guard)
      const greeting = parseHello(line)
      if (greeting === null) {
        printed = line
        drop('it printed something in place of an answer')
      } else if (greeting.protocol !== loginNodeProtocol) {
        const versions = `its version ${greeting.version} speaks protocol ${greeting.protocol}, this gateway ${loginNodeProtocol}`
        drop(`${versions}: run "batchway agent install" of this gateway's version there`)
      } else {
        hello = greeting
        hold(false)
        resolve(connection(greeting))
      }
    }
    const onLine = (line: string): void => {
      if (wrong !== null) return
      if (hello === null) return void greet(line)
      const answer = parseAnswer(line)
      if (answer === null) drop('it said something that is no answer')
      else asked.get(answer.id)?.(answer)
    }
    const take = readLines(longestAnswer, onLine)
    child.stdout.on('data', (chunk: Buffer) => {
      try {
        take(chunk)
      } catch {
        drop('its answer is too long')
      }
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-8_192)
    })
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})

    let ended = false
    const end = (startError?: NodeJS.ErrnoException): void => {
      if (ended) return
      ended = true
      clearTimeout(guard)
      const failure = failureOf(startError)
      for (const settle of [...asked.values()]) settle('gone')
      if (hello === null) reject(new NotConnected(failure))
      else onEnd(failure)
    }
    const failureOf = (startError?: NodeJS.ErrnoException): SshFailure => {
      if (startError) return { words: `${file} could not be started (${startError.code})`, isFinal: true }
      if (wrong !== null && printed === null) return { words: wrong, isFinal: hello === null && /protocol/.test(wrong) }
      return sshFailure(stderr, printed, child.exitCode)
    }
    child.once('error', end)
    child.once('close', () => end())
    // A grandchild may keep the pipes of a dead ssh; nothing more comes through them.
    child.once('exit', () => setTimeout(() => end(), 2_000).unref())
  })
}

function write(child: ChildProcess, order: RemoteOrder): void {
  if (child.stdin?.writable) child.stdin.write(`${JSON.stringify(order)}\n`)
}
