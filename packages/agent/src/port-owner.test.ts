import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { findListener, listenerIn } from './port-owner.ts'

describe('who listens at a port', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
  const line = (local: string, remote: string, state: string, uid: number, inode: number) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 1 0000000000000000 100 0 0 10 0`
  const listening = (uid: number, address = '0100007F', port = '1F90') =>
    line(`${address}:${port}`, '00000000:0000', '0A', uid, 11)
  const accepted = (uid: number) => line('0100007F:1F90', '0100007F:C350', '01', uid, 12)
  const cases: [string, string[], number | null][] = [
    ['on 127.0.0.1', [listening(1000)], 1000],
    ['on all addresses', [listening(1000, '00000000')], 1000],
    ['on all IPv6 addresses', [listening(1000, '0'.repeat(32))], 1000],
    ['on 127.0.0.1 as IPv6 writes it', [listening(1000, '0000000000000000FFFF00000100007F')], 1000],
    ['behind others', [listening(1, '0100007F', '0016'), listening(1001)], 1001],
    ['nobody: at another address', [listening(1000, '0200007F')], null],
    ['nobody: at another port', [listening(1000, '0100007F', '1F91')], null],
    ['nobody: a connection is no listener', [accepted(1000)], null],
    ['nobody: listeners come first', [accepted(1000), listening(1000)], null],
  ]
  for (const [title, lines, uid] of cases)
    it(title, () => {
      assert.equal(listenerIn([head, ...lines], 8080)?.uid ?? null, uid)
    })

  it('asks for no line more than it needs', () => {
    function* lines(): Generator<string> {
      yield head
      yield listening(1000)
      throw new Error('asked for all that the kernel has')
    }
    assert.equal(listenerIn(lines(), 8080)?.inode, '11')
  })

  for (const [host, kind] of [
    ['127.0.0.1', 'IPv4'],
    ['::', 'both kinds of addresses'],
  ])
    it(`is told by the kernel: ${kind}`, async () => {
      const server = createServer()
      await once(server.listen(0, host), 'listening')
      const { port } = server.address() as AddressInfo
      const found = findListener(port)
      assert.equal(found?.uid, process.getuid?.())
      assert.equal(findListener(port)?.inode, found?.inode)
      server.close()
      assert.equal(findListener(port), null)
    })
})
