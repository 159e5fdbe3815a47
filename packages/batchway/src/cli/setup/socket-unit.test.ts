import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { proxySocketUnit } from './socket-unit.ts'

const facts = { instance: null, account: 'batchway', listen: ['127.0.0.1:8000'] }

describe('the socket unit of the proxy', () => {
  it('listens where the configuration says, in its order, and comes with the service', () => {
    const text = proxySocketUnit({ ...facts, listen: ['[::]:443', '0.0.0.0:80'] })
    assert.match(text, /^ListenStream=\[::\]:443\nListenStream=0\.0\.0\.0:80$/m)
    assert.match(text, /^WantedBy=sockets\.target batchway-proxy\.service$/m)
    assert.match(text, /^PartOf=batchway\.target$/m)
    assert.doesNotMatch(text, /SocketMode/)
  })
  it('makes unix sockets as the proxy would', () => {
    const text = proxySocketUnit({ ...facts, listen: ['unix:/run/batchway/front.sock'] })
    assert.match(text, /^ListenStream=\/run\/batchway\/front\.sock$/m)
    assert.match(text, /^SocketUser=batchway\nSocketGroup=batchway\nSocketMode=0660\nRemoveOnStop=yes$/m)
  })
  it('is that of its instance', () => {
    const text = proxySocketUnit({ ...facts, instance: 'physics' })
    for (const [name] of text.matchAll(/batchway[\w@-]*\.(?:service|target)/g)) assert.match(name, /@physics\./)
  })
  it('cannot be made for names and for ports that are not known', () => {
    for (const listen of ['localhost:8000', '127.0.0.1:0'])
      assert.throws(() => proxySocketUnit({ ...facts, listen: [listen] }), /write "127\.0\.0\.1:8000"/)
    assert.throws(() => proxySocketUnit({ ...facts, listen: ['unix:/a b'] }), /without blanks/)
  })
})
