/** What the kernel promises to whom listens, and the agent builds on: nobody else is given a connection to that port. Needs root, to be two people. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { type Account, account } from './testing/agent-bench.ts'

/** Opens a socket at argv[1] and argv[2], says where, and does what it is told, a word a line: `listen`, `bind` or `close`. */
const program = `
import socket, sys
host, port, options = sys.argv[1], int(sys.argv[2]), sys.argv[3].split()
family = socket.AF_INET6 if ':' in host else socket.AF_INET
made = socket.socket(family)
for name in options: made.setsockopt(socket.SOL_SOCKET, getattr(socket, name), 1)
if family == socket.AF_INET6: made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
for line in sys.stdin:
  try:
    if line == 'bind\\n': made.bind((host, port))
    if line == 'listen\\n': made.listen()
    if line == 'close\\n': made.close()
    print('done', 0 if line == 'close\\n' else made.getsockname()[1], flush=True)
  except OSError as error:
    print('refused', error.errno, flush=True)
`

/** A program of somebody with one socket. @returns what came of each word. */
function person(as: Account, host: string, port: number, options: string) {
  const child = spawn('/usr/bin/python3', ['-c', program, host, String(port), options], {
    uid: as.uid,
    gid: as.gid,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async tell(word: 'bind' | 'listen' | 'close'): Promise<string> {
      child.stdin.write(`${word}\n`)
      const { value } = await answers.next()
      return value ?? 'ended'
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}

const [alice, bob] = [account('alice'), account('bob')]
const everyWay = ['0.0.0.0', '127.0.0.1', '::'].flatMap((host) =>
  ['', 'SO_REUSEADDR', 'SO_REUSEPORT', 'SO_REUSEADDR SO_REUSEPORT'].map((options) => [host, options] as const),
)

for (const [where, hers] of [
  ['0.0.0.0', 'SO_REUSEADDR'],
  ['127.0.0.1', 'SO_REUSEADDR SO_REUSEPORT'],
  ['::', 'SO_REUSEADDR SO_REUSEPORT'],
] as const)
  it(`nobody else listens beside ${where} with ${hers}, wherever and with whatever options`, async () => {
    await using listener = person(alice, where, 0, hers)
    const [, port = ''] = (await listener.tell('bind')).split(' ')
    /** Bound before she listens, as far as the kernel lets him: that is the one way to come close. */
    await using early = person(bob, '127.0.0.1', Number(port), 'SO_REUSEADDR')
    const earlyBound = await early.tell('bind')
    assert.equal(await listener.tell('listen'), `done ${port}`)
    if (!earlyBound.startsWith('refused')) assert.match(await early.tell('listen'), /^refused/)
    for (const [host, options] of everyWay) {
      await using other = person(bob, host, Number(port), options)
      const bound = await other.tell('bind')
      assert.match(bound.startsWith('refused') ? bound : await other.tell('listen'), /^refused/, `${host} ${options}`)
    }
    // Control: it is she who is in the way.
    assert.equal(await listener.tell('close'), 'done 0')
    await using later = person(bob, '127.0.0.1', Number(port), 'SO_REUSEADDR')
    await later.tell('bind')
    assert.equal(await later.tell('listen'), `done ${port}`)
  })
