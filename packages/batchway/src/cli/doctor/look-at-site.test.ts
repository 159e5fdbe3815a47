import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { lookAtListener } from './look-at-site.ts'

async function hubOf(headers: Record<string, string>) {
  const server = createServer((_, response) => void response.writeHead(200, headers).end('{}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  return {
    address: `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
const version = { 'X-Batchway-Version': '0.1.0' }

describe('lookAtListener', () => {
  for (const [who, headers, hub, listen] of [
    ['our hub', { ...version, 'X-Batchway-Site': 'k3fzzzzzz' }, 'ours', 'ours'],
    ['another hub of this version', { ...version, 'X-Batchway-Site': 'abczzzzzz' }, 'taken', 'taken'],
    // The proxy answers by itself while the hub is away.
    ['who names no version', {}, 'taken', 'ours'],
  ] as const)
    it(`takes ${who} for what it is`, async () => {
      await using answerer = await hubOf(headers)
      const facts = { isRunning: true, apiPath: '/hub/api', site: 'k3fzzzzzz' }
      assert.equal((await lookAtListener(answerer.address, 'hub.internal', facts)).state, hub)
      assert.equal((await lookAtListener(answerer.address, 'listen', facts)).state, listen)
      // Where our hub does not run nobody is to answer.
      assert.equal((await lookAtListener(answerer.address, 'listen', { ...facts, isRunning: false })).state, 'taken')
    })
})
