import { readFileSync } from 'node:fs'

/** Version of this package: in a checkout, in the published package and in an installed folder it stands one level above the code. */
export const agentVersion: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version
