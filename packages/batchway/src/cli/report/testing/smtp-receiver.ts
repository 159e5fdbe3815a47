/** A mail server that takes what it is given. @see RFC 5321, RFC 4954 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** As it came over the wire, lines ended by `\n`. */
  readonly data: string
}

export interface SmtpReceiver extends AsyncDisposable {
  readonly port: number
  readonly mails: ReceivedMail[]
  /** Name and password that somebody showed. */
  readonly logins: string[]
  /** Every line that clients sent. */
  readonly lines: string[]
}

export interface SmtpReceiverParts {
  /** Answers a receiver so, instead of taking them. */
  readonly refuses?: string
  /** A free one if absent. */
  readonly port?: number
  /** Called for each mail before the sender hears that it was taken. */
  readonly onMail?: (mail: ReceivedMail) => void
}

export async function openSmtpReceiver(parts: SmtpReceiverParts = {}): Promise<SmtpReceiver> {
  const { refuses, port: wanted = 0, onMail = () => {} } = parts
  const mails: ReceivedMail[] = []
  const logins: string[] = []
  const lines: string[] = []
  const sockets = new Set<Socket>()

  async function serve(socket: Socket): Promise<void> {
    const say = (...answers: string[]): void => void socket.write(answers.map((line) => `${line}\r\n`).join(''))
    let from = ''
    let to: string[] = []
    let data: string[] | null = null
    say('220 receiver ESMTP')
    for await (const line of createInterface({ input: socket })) {
      lines.push(line)
      if (data !== null) {
        if (line !== '.') data.push(line.replace(/^\./, ''))
        else {
          const mail = { from, to, data: data.join('\n') }
          mails.push(mail)
          onMail(mail)
          data = null
          say('250 taken')
        }
      } else if (/^EHLO/i.test(line)) say('250-receiver', '250-AUTH PLAIN', '250 8BITMIME')
      else if (/^AUTH PLAIN /i.test(line)) {
        logins.push(Buffer.from(line.slice(11), 'base64').toString().split('\0').slice(1).join(':'))
        say(logins.at(-1)?.endsWith(':wrong') ? '535 not you' : '235 welcome')
      } else if (/^MAIL FROM:/i.test(line)) {
        from = /<(.*?)>/.exec(line)?.[1] ?? ''
        to = []
        say('250 ok')
      } else if (/^RCPT TO:/i.test(line)) {
        if (refuses === undefined) to.push(/<(.*?)>/.exec(line)?.[1] ?? '')
        say(refuses ?? '250 ok')
      } else if (/^DATA/i.test(line)) {
        data = []
        say('354 go on')
      } else if (/^QUIT/i.test(line)) {
        say('221 bye')
        socket.end()
      } else say('502 unknown')
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    serve(socket).catch(() => socket.destroy()) // a client that went away
  })
  server.listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    mails,
    logins,
    lines,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
