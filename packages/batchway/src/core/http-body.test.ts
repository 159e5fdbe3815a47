import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readBytes } from './http-body.ts'

const post = (body: string | ReadableStream | null) =>
  new Request('http://x/', { method: 'POST', body, duplex: 'half' })

describe('readBytes', () => {
  it('reads up to the limit and not one byte more', async () => {
    assert.equal((await readBytes(post('12345'), 5))?.length, 5)
    assert.equal(await readBytes(post('123456'), 5), null)
    assert.equal((await readBytes(post(null), 5))?.length, 0)
  })
  it('stops an endless body that announces no length', async () => {
    let pulled = 0
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(1000))
      },
    })

    assert.equal(await readBytes(post(endless), 10_000), null)
    assert.ok(pulled < 20)
  })
})
