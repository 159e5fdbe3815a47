import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'

const room = JSON.stringify(import.meta.resolve('./start-gateway.ts'))
/** A gateway that ends when its standard input does. */
const program = `
const { untilStopped } = await import(${room})
const { once } = await import('node:events')
const running = setInterval(() => {}, 1_000)
const stop = async () => {
  await once(process.stdin.resume(), 'end')
  clearInterval(running)
  console.log('all has ended')
}
const done = untilStopped({ wasRunning: false, stop })
console.log('runs')
await done
`

describe('a gateway that is told to stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    it(`by ${signal} more than once ends in order all the same`, async () => {
      const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', program], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      let said = ''
      const heard = async (words: string): Promise<void> => {
        while (!said.includes(words)) {
          assert.ok(child.stdout.readable, said)
          await Promise.race([once(child.stdout, 'data'), once(child.stdout, 'close')])
        }
      }
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const ended = once(child, 'exit')
      await heard('runs')
      child.kill(signal)
      await heard('Stopping.')
      child.kill(signal)
      child.kill('SIGTERM')
      child.stdin.end()
      assert.deepEqual(await ended, [0, null])
      assert.match(said, /all has ended/)
    })
})
