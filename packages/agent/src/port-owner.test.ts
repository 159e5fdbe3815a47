import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ownerOf, parseSocketTable } from './port-owner.ts'

describe('the owner of a port', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
  const line = (local: string, remote: string, state: string, uid: number, inode: number) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 1 0000000000000000 100 0 0 10 0\n`
  const listening = (uid: number, address = '0100007F') => line(`${address}:1F90`, '00000000:0000', '0A', uid, 11)
  const accepted = (uid: number, inode: number) => line('0100007F:1F90', '0100007F:C350', '01', uid, inode)
  const cases: [string, string, ReturnType<typeof ownerOf>['kind']][] = [
    ['ours, accepted', listening(1000) + accepted(1000, 12), 'ours'],
    ['ours, waiting to be accepted', listening(1000) + accepted(0, 0), 'ours'],
    ['ours on all addresses', listening(1000, '00000000') + accepted(1000, 12), 'ours'],
    ['ours on all IPv6 addresses', listening(1000, '0'.repeat(32)) + accepted(1000, 12), 'ours'],
    ['a foreign listener', listening(1001) + accepted(1001, 12), 'foreign'],
    [
      'a foreign listener beside ours',
      listening(1000, '0'.repeat(32)) + listening(1001) + accepted(1000, 12),
      'foreign',
    ],
    ['accepted by a stranger before we listened', listening(1000) + accepted(1001, 12), 'foreign'],
    ['the connection is not there', listening(1000), 'unseen'],
    ['nobody listens', accepted(1000, 12), 'unseen'],
    ['a listener on another address', listening(1000, '0200007F') + accepted(1000, 12), 'unseen'],
  ]
  for (const [title, lines, kind] of cases)
    it(`is ${kind}: ${title}`, () => {
      assert.equal(ownerOf(parseSocketTable(head + lines), 8080, 50_000, 1000).kind, kind)
    })
})
