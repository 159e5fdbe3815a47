/** Plays one row through a proxy, with sockets of its own on both sides. */
import assert from 'node:assert/strict'
import net from 'node:net'
import type { TestProxy } from '../testing.ts'
import { chunked, readResponses } from './messages.ts'
import type { OwnAnswer, Row } from './row.ts'
import { openScriptedApplication, probe, probeAnswer } from './scripted-application.ts'
import type { Transport } from './transport.ts'

/** A slow machine may take so long; whoever takes longer hangs (ms). */
const patienceMs = 60_000

interface Client {
  readonly socket: net.Socket
  text: string
  isOver: boolean
  /** Called whenever something has come. */
  changed: () => void
}

function openClient(port: number, changed: () => void): Client {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const client: Client = { socket, text: '', isOver: false, changed }
  socket.on('data', (bytes) => {
    client.text += bytes.toString('latin1')
    client.changed()
  })
  const over = () => {
    client.isOver = true
    client.changed()
  }
  socket
    .on('end', over)
    .on('close', over)
    .on('error', () => {})
  return client
}

/** What is about the connection alone, or of the moment, is looked at apart. */
const apart = /\r\n(?:Date|Connection|Keep-Alive): [^\r\n]*(?=\r\n)/gi
const plain = (text: string): string => {
  const end = text.indexOf('\r\n\r\n') + 2
  return end < 2 || text.startsWith('HTTP/1.1 101') ? text : text.slice(0, end).replace(apart, '') + text.slice(end)
}
const saysClose = (text: string): boolean =>
  text
    .slice(0, text.indexOf('\r\n\r\n') + 2)
    .toLowerCase()
    .includes('\r\nconnection: close\r\n')

/** @throws {AssertionError} if anything differs from the row. */
export async function runRow(row: Row, proxy: TestProxy, by: Transport = 'TCP'): Promise<void> {
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const each of waiting) each()
  }
  /** Looks again whenever something comes, and now and then. */
  async function until(condition: () => boolean, what: string, also = () => ''): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => condition() && resolve()
    const again = setInterval(look, 2)
    const late = setTimeout(() => reject(new Error(`waited in vain: ${what}${also()}`)), patienceMs)
    waiting.add(look)
    look()
    try {
      await promise
    } finally {
      clearInterval(again)
      clearTimeout(late)
      waiting.delete(look)
    }
  }
  const client = openClient(proxy.port, wake)
  await using application = await openScriptedApplication(row, by, (text) => client.text.includes(text), until)
  const { route } = application
  const more = (row.routes ?? []).map((path) => [path, route] as const)
  await proxy.client.replaceRoutes({ '/': route, ...Object.fromEntries(more) })
  try {
    await play(row, client, application.text, until)
    const methods = [
      /^([!-~]+) /.exec(typeof row.client === 'string' ? row.client : String(row.client[0]))?.[1] ?? 'GET',
      'GET',
    ]
    const asText = () => JSON.stringify({ client: client.text, isOver: client.isOver, application: application.text() })
    const arrived = () => readResponses(client.text, methods, client.isOver)
    const count = row.gets.length
    const isEnough = () =>
      client.isOver || (row.after !== 'closed' && row.after !== 'cut' && arrived().messages.length >= count)
    const isRelayed = () => row.after !== 'relay' || client.isOver || client.text.length >= textOf(row).length
    await until(() => isEnough() && isRelayed(), 'all answers', asText)
    let last = client
    if (row.after === 'open' && !client.isOver) {
      client.socket.write(probe)
      await until(
        () => client.isOver || client.text.endsWith('\r\n\r\nprobe'),
        'the answer to the next request',
        asText,
      )
    } else {
      last = openClient(proxy.port, wake)
      last.socket.write(probe)
      await until(() => last.isOver || last.text.endsWith('\r\n\r\nprobe'), 'the answer to another client', asText)
    }
    check(row, methods, client, last)
    const strip = (each: string) => each.replace(/…$/, '')
    const isByTarget = typeof row.application === 'object' && 'byTarget' in row.application
    const inOrder = (all: readonly string[]) => (isByTarget ? all.toSorted() : all)
    const needNotBeWhole = row.sees.some((each) => each.endsWith('…'))
    if (needNotBeWhole)
      await until(() => application.text().includes(strip(row.sees.at(-1) ?? '')), 'what the application sees', asText)
    const seen = needNotBeWhole
      ? [application.text().slice(0, row.sees.map(strip).join('').length)]
      : application.requests().map(({ text }) => text)
    assert.deepEqual(
      inOrder(seen),
      inOrder(needNotBeWhole ? [row.sees.map(strip).join('')] : row.sees),
      'what the application got',
    )
    if (!needNotBeWhole) assert.equal(application.strange(), '', 'the application got what is no request')
    if (row.behind === 'kept')
      assert.ok(
        application.probedOn() < application.connections() - (row.sees.length === 0 ? 1 : 0) &&
          application.probedOn() === 0,
        'the connection to the application is used again',
      )
    if (row.behind === 'closed')
      assert.ok(application.probedOn() > 0, 'the connection to the application is not used again')
    last.socket.destroy()
  } finally {
    client.socket.destroy()
  }
}

const textOf = (row: Row): string => row.gets.map(String).join('')

function check(row: Row, methods: readonly string[], client: Client, last: Client): void {
  const isSame = last === client
  const { messages, rest } = readResponses(client.text, methods, client.isOver)
  const answers = isSame ? messages.slice(0, -1) : [...messages]
  const probed = (isSame ? messages : readResponses(last.text, ['GET'], last.isOver).messages).at(-1)?.text ?? ''
  // Bytes behind a refused request may be refused once more: they are no request either.
  while (row.after === 'closed' && answers.length > row.gets.length && ownStatus(answers.at(-1)?.text ?? '') === 400)
    answers.pop()
  const wanted = answers.length < row.gets.length ? row.gets.filter((each) => each !== '400 or nothing') : row.gets
  const got = answers.map(({ text }, index) => asWanted(text, wanted[index]))
  assert.deepEqual([...got, rest], [...wanted, ''], 'what the client got')
  assert.equal(
    plain(probed).replace(/\r\n(?:Cross-Origin-Resource-Policy|X-Frame-Options): [^\r]*/g, ''),
    probeAnswer,
    'what the next request got',
  )
  const end = answers.at(-1)
  if (row.after === 'relay' || row.after === 'either') return
  if (row.after === 'open') assert.ok(isSame, 'the connection stays open')
  else assert.ok(client.isOver, 'the connection ends')
  const isOld = / HTTP\/1\.0\r\n/.test(String(typeof row.client === 'string' ? row.client : row.client[0]))
  if (row.after === 'closed' && !isOld)
    assert.ok(end !== undefined && saysClose(end.text), 'the answer says that the connection ends')
  if (row.after === 'open' && end !== undefined)
    assert.ok(!saysClose(end.text), 'no answer says that the connection ends')
}

/** @returns the text in the words of the row, if it is what the row says. */
function asWanted(text: string, wanted: string | OwnAnswer | undefined): string | number {
  const own = ownStatus(text)
  if (wanted === '400 or 501') return own === 400 || own === 501 ? wanted : plain(text)
  if (wanted === '400 or nothing') return own === 400 ? wanted : plain(text)
  return typeof wanted === 'number' ? own : inFraming(plain(text), wanted ?? '')
}

/** A body that came in chunks, or with the end of the connection, may be passed on with its length (RFC 9112 7). */
function inFraming(text: string, wanted: string): string {
  const isChunked = wanted.includes('\r\nTransfer-Encoding: chunked\r\n')
  const [, head = '', length = '', body = ''] =
    /^([\s\S]*?\r\n)Content-Length: (\d+)\r\n\r\n([\s\S]*)$/.exec(text) ?? []
  if (head === '' || Number(length) !== body.length || wanted.includes('\r\nContent-Length:')) return text
  return isChunked ? `${head}Transfer-Encoding: chunked\r\n\r\n${chunked(body)}` : `${head}\r\n${body}`
}

/** @returns the status of one of our own answers, which repeats nothing that anybody sent. */
function ownStatus(text: string): number | string {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? []
  const isOwn = ['', '0\r\n\r\n'].includes(body)
    ? /\r\n(?:Content-Length: 0|Transfer-Encoding: chunked|Content-Type: application\/json)\r\n/i.test(text)
    : body.includes('"urn:batchway:proxy:')
  return isOwn && status !== undefined ? Number(status) : text
}

async function play(
  row: Row,
  client: Client,
  seen: () => string,
  until: (condition: () => boolean, what: string) => Promise<void>,
): Promise<void> {
  for (const step of typeof row.client === 'string' ? [row.client] : row.client) {
    if (step === 'half-close') client.socket.end()
    else if (typeof step === 'string') client.socket.write(step, 'latin1')
    else if ('until' in step)
      await until(
        () => client.isOver || client.text.includes(step.until),
        `the client got ${JSON.stringify(step.until)}`,
      )
    else
      await until(
        () => client.isOver || seen().includes(step.untilSeen),
        `the application got ${JSON.stringify(step.untilSeen)}`,
      )
  }
}
