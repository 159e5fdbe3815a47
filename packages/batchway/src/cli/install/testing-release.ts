/** A release of a few bytes, laid out as a real one. */
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Release, type ReleaseFacts, readRelease } from '../../app/release.ts'

export const sampleFacts: ReleaseFacts = {
  version: '0.1.0',
  platform: `${process.platform}-${process.arch}`,
  runtime: '24.0.0',
  database: 13,
  agentProtocol: { oldest: 1, newest: 1 },
}

export interface Bench extends Disposable {
  readonly folder: string
  /** Lies by itself, as unpacked. */
  release(version: string, change?: Partial<ReleaseFacts>): Release
}

export function openBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-install-'))
  let made = 0
  return {
    folder,
    release: (version, change = {}) => {
      made += 1
      const root = join(folder, `unpacked ${made}`, `batchway-${version}`)
      const files = {
        'bin/batchway': '#!/bin/sh\n',
        'lib/node_modules/batchway/dist/cli/main.js': `// ${made}\n`,
        'release.json': JSON.stringify({ ...sampleFacts, version, ...change }),
      }
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), text)
        chmodSync(join(root, path), path.startsWith('bin/') ? 0o755 : 0o644)
      }
      const sums = Object.entries(files).map(
        ([path, text]) => `${createHash('sha256').update(text).digest('hex')}  ${path}\n`,
      )
      writeFileSync(join(root, 'SHA256SUMS'), sums.join(''))
      const release = readRelease(root)
      if (release === null) throw new Error('no release was made')
      return release
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
