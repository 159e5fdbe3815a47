import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface HubProcess extends AsyncDisposable {
  /** Write the whole of its configuration's file. */
  write(text: string): void
  readonly config: Readonly<Record<string, unknown>>
  /** All that it has said until now. */
  words(): string
  kill(signal: NodeJS.Signals): void
}

interface HubProcessOptions {
  readonly signIn?: readonly object[]
  /** Arguments of Node's, before the program. */
  readonly nodeArguments?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** A hub in a process of its own that listens, and whose clusters nobody asks for anything. Gone, with its folder, when disposed of. */
export async function openHubProcess(options: HubProcessOptions = {}): Promise<HubProcess> {
  const { signIn = [{ type: 'link' }], nodeArguments = [], environment = {} } = options
  await using undo = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'batchway-hub-'))
  undo.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const configFile = join(folder, 'batchway.yaml')
  const config = {
    url: 'http://127.0.0.1:8000/',
    listen: ['127.0.0.1:8000'],
    stateDirectory: join(folder, 'state'),
    instance: 'lm',
    hub: { internal: ['127.0.0.1:0'], internalUrl: 'http://127.0.0.1:8081' },
    signIn,
    people: { allow: 'everyone' },
    clusters: { slurm: { driver: 'slurm' } },
    applications: { lab: { kind: 'command', command: ['/bin/true', '{port}'] } },
    profiles: [
      {
        key: 'lab',
        title: 'Lab',
        cluster: 'slurm',
        application: 'lab',
        resources: { cores: 1, memory: '1G', walltime: '1h' },
      },
    ],
  }
  const write = (text: string): void => writeFileSync(configFile, text, { mode: 0o600 })
  write(JSON.stringify(config)) // JSON is YAML
  const main = join(import.meta.dirname, '../main.ts')
  const argv = ['--conditions=source', ...nodeArguments, main, 'hub', `--config=${configFile}`]
  const env = { PATH: process.env.PATH, ...environment }
  const hub = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const ended = once(hub, 'close')
  undo.defer(async () => {
    hub.kill('SIGTERM')
    await ended
  })
  let words = ''
  await new Promise<void>((resolve) => {
    for (const stream of [hub.stdout, hub.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        words += text
        if (words.includes('"listening"')) resolve()
      })
    void ended.then(() => resolve())
  })
  assert.match(words, /"listening"/)
  const keep = undo.move()
  return {
    write,
    config,
    words: () => words,
    kill: (signal) => void hub.kill(signal),
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}
