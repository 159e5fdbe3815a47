import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))

/** Batchway's own version. */
export const version: string =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0.0.0'

/** The level of JupyterHub's API that is spoken. PEP 440: single-user servers parse it and die otherwise. */
export const jupyterHubLevel = '5.4.5'
