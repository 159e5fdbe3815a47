import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { askSaslauthd, decodeAnswer, encodeQuestion, isAskable, NoAnswer } from './saslauthd.ts'

const question = { username: 'alice', password: 'pä', service: 'batchway' }
const packed = (text: string): Buffer => Buffer.concat([Buffer.from([0, Buffer.byteLength(text)]), Buffer.from(text)])

/** A daemon that does what the test says. */
async function daemon(talk: (socket: Socket) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'bw-sasl-'))
  const path = join(directory, 'mux')
  const server = createServer(talk).listen(path)
  await once(server, 'listening')
  return {
    path,
    async [Symbol.asyncDispose]() {
      server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
const gives = (code: string) => (error: unknown) => error instanceof NoAnswer && error.code === code

it('packs name, password, service and an empty realm, each after its length in bytes', () => {
  assert.deepEqual(
    encodeQuestion(question),
    Buffer.concat([packed('alice'), packed('pä'), packed('batchway'), packed('')]),
  )
  for (const bad of ['', 'a\0b', 'x'.repeat(256), 'ä'.repeat(128)]) {
    assert.ok(!isAskable(bad))
    assert.throws(() => encodeQuestion({ ...question, password: bad }), RangeError)
    assert.throws(() => encodeQuestion({ ...question, username: bad }), RangeError)
  }
  assert.ok(isAskable('x'.repeat(255)))
})

describe('an answer', () => {
  for (const [text, kind] of [
    ['OK', 'right'],
    ['OK \0', 'right'],
    ['NO', 'wrong'],
    ['NO PAM auth error', 'wrong'],
    ['NO authentication failed', 'wrong'],
    ['NO PAM acct error', 'no-account'],
  ] as const)
    it(`${JSON.stringify(text)} means ${kind}`, () => assert.equal(decodeAnswer(packed(text))?.kind, kind))
  it('is waited for until it is whole', () => {
    const whole = packed('NO PAM auth error')
    for (let cut = 0; cut < whole.length; cut++) assert.equal(decodeAnswer(whole.subarray(0, cut)), null)
  })
  for (const bytes of ['', 'O', 'YES', 'OKAY', 'no', '\0\0'])
    it(`is none: ${JSON.stringify(bytes)}`, () => assert.throws(() => decodeAnswer(packed(bytes)), gives('EPROTO')))
  it('is none when it is too long or has a tail', () => {
    assert.throws(() => decodeAnswer(Buffer.from([0xff, 0xff])), gives('EPROTO'))
    assert.throws(() => decodeAnswer(Buffer.concat([packed('OK'), packed('OK')])), gives('EPROTO'))
  })
  it('is none when PAM could not be started', () =>
    assert.throws(() => decodeAnswer(packed('NO PAM start error')), gives('EPAM')))
})

describe('asking the daemon', () => {
  it('brings its answer, byte by byte if need be', async () => {
    let heard = Buffer.alloc(0)
    await using it = await daemon((socket) =>
      socket.on('data', (chunk) => {
        heard = Buffer.concat([heard, chunk])
        for (const byte of packed('OK')) socket.write(Buffer.from([byte]))
      }),
    )
    assert.deepEqual(await askSaslauthd(it.path, question), { kind: 'right' })
    assert.deepEqual(heard, encodeQuestion(question))
  })
  it('is no answer when it is not there, hangs up, or says nothing', async () => {
    await assert.rejects(askSaslauthd('/nowhere/mux', question), gives('ENOENT'))
    await using hangsUp = await daemon((socket) => socket.end())
    await assert.rejects(askSaslauthd(hangsUp.path, question), (error) => error instanceof NoAnswer)
    const open: Socket[] = []
    await using silent = await daemon((socket) => void open.push(socket))
    await assert.rejects(askSaslauthd(silent.path, question, 50), gives('ETIMEDOUT'))
    for (const socket of open) socket.destroy()
  })
})
