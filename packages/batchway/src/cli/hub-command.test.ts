import { describe, it } from 'node:test'
import { openHubProcess } from './testing/hub-process.ts'
import { until } from './testing/until.ts'

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
