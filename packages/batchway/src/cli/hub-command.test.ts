import { describe, it } from 'node:test'
import { openHubProcess } from './testing/hub-process.ts'

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('batchway hub at SIGHUP', () => {
  it('names what of the configuration waits for a restart, or why it cannot be read, and goes on', async () => {
    await using hub = await openHubProcess()
    const told = (words: string) => () => hub.words().includes(words)
    hub.write('url: [')
    hub.kill('SIGHUP')
    await until('the broken file is told of', told('the configuration cannot be read now'))
    hub.write(JSON.stringify({ ...hub.config, url: 'http://127.0.0.1:8001/' }))
    hub.kill('SIGHUP')
    await until('the difference is named', told('"changed":["url"],"msg":"the configuration has other values'))
  })
})
