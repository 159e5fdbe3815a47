/**
 * Asks saslauthd, Cyrus SASL's small privileged daemon, whether a password is right. It alone talks to PAM; the hub has no privilege.
 * @see saslauthd(8) of Cyrus SASL 2.1.28; the protocol is that of its lib/checkpw.c: four texts, each after its length in 16 bits.
 */
import { connect } from 'node:net'

export interface PasswordQuestion {
  readonly username: string
  readonly password: string
  /** PAM service. */
  readonly service: string
}

export type PasswordAnswer =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong' }
  /** The password is right, but PAM's account check refuses: expired, locked, outside its hours. */
  | { readonly kind: 'no-account' }

/** The daemon did not say anything about the password. `code` is one of the system (`ENOENT`, `EACCES`), or ours. */
export class NoAnswer extends Error {
  readonly code: string
  constructor(code: string, options?: ErrorOptions) {
    super(`saslauthd gave no answer (${code})`, options)
    this.name = 'NoAnswer'
    this.code = code
  }
}

/** saslauthd cuts the connection at more: MAX_LOGIN_REQ_LEN and the like. Its own buffers end with a NUL. */
export const longestBytes = 255
const longestAnswer = 4_096

/** Whether a text can be asked about at all: a NUL would end it early, and what is cut is another text. */
export const isAskable = (text: string): boolean =>
  text !== '' && !text.includes('\0') && Buffer.byteLength(text) <= longestBytes

/** @throws {RangeError} for a text that must not be sent. */
export function encodeQuestion({ username, password, service }: PasswordQuestion): Buffer {
  for (const text of [username, password, service])
    if (!isAskable(text)) throw new RangeError('a name or password that cannot be asked about')
  const realm = ''
  return Buffer.concat(
    [username, password, service, realm].flatMap((text) => {
      const bytes = Buffer.from(text)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** @returns null while it is not complete. @throws {NoAnswer} if it is none. */
export function decodeAnswer(bytes: Buffer): PasswordAnswer | null {
  if (bytes.length < 2) return null
  const length = bytes.readUInt16BE()
  if (length < 2 || length > longestAnswer || bytes.length > 2 + length) throw new NoAnswer('EPROTO')
  if (bytes.length < 2 + length) return null
  const text = bytes.subarray(2).toString('latin1')
  if (/^OK(\0| |$)/.test(text)) return { kind: 'right' }
  if (/^NO PAM acct error/.test(text)) return { kind: 'no-account' }
  if (/^NO PAM (start|unable|conv)/i.test(text)) throw new NoAnswer('EPAM')
  if (/^NO(\0| |$)/.test(text)) return { kind: 'wrong' }
  throw new NoAnswer('EPROTO')
}

/**
 * @param socket path of the daemon's socket.
 * @param timeoutMs PAM itself waits some seconds after a wrong password.
 * @throws {NoAnswer} if the daemon is not there, refuses, or says nothing in time.
 */
export async function askSaslauthd(
  socket: string,
  question: PasswordQuestion,
  timeoutMs = 30_000,
): Promise<PasswordAnswer> {
  const bytes = encodeQuestion(question)
  const { promise, resolve, reject } = Promise.withResolvers<PasswordAnswer>()
  const connection = connect(socket)
  const timer = setTimeout(() => reject(new NoAnswer('ETIMEDOUT')), timeoutMs)
  let answer = Buffer.alloc(0)
  connection.on('connect', () => connection.write(bytes))
  connection.on('data', (chunk) => {
    answer = Buffer.concat([answer, chunk])
    try {
      const decoded = decodeAnswer(answer)
      if (decoded !== null) resolve(decoded)
    } catch (error) {
      reject(error)
    }
  })
  // Silence is no answer: saslauthd hangs up on what it does not understand.
  connection.on('end', () => reject(new NoAnswer('EPIPE')))
  connection.on('error', (error: NodeJS.ErrnoException) => reject(new NoAnswer(error.code ?? 'EIO', { cause: error })))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    connection.destroy()
  }
}
