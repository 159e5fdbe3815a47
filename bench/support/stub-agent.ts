/**
 * Stands where jobs look for the agent: a folder of the agent's shape whose "runtime" puts the ticket into a spool and then sleeps, at the
 * cost of one `sleep` for each job. The bench's fleet (`agent-fleet.ts`) takes the ticket from there and speaks to the hub in its name.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface StubAgent extends Disposable {
  /** For the cluster's `agent`. */
  readonly folder: string
  /** `JOBID.ticket` files: a line `jobId restart node pid`, then the ticket. */
  readonly spool: string
}

const runtime = (spool: string): string => `#!/bin/sh
if [ "$1" = --version ]; then
  echo v24.0.0
  exit 0
fi
umask 077
file=$(mktemp ${spool}/.XXXXXXXX) || exit 1
{
  echo "$SLURM_JOB_ID \${SLURM_RESTART_COUNT:-0} $SLURMD_NODENAME $$"
  cat
} >"$file"
mv "$file" "${spool}/$SLURM_JOB_ID.ticket"
exec sleep infinity
`

export function makeStubAgent(): StubAgent {
  const folder = mkdtempSync('/var/tmp/batchway-stub-agent-')
  chmodSync(folder, 0o755)
  const spool = join(folder, 'spool')
  mkdirSync(spool)
  chmodSync(spool, 0o1777)
  const version = join(folder, 'stub')
  const bin = join(version, 'runtime', `${process.platform}-${process.arch}`, 'bin')
  mkdirSync(bin, { recursive: true })
  mkdirSync(join(version, 'dist'))
  writeFileSync(join(version, 'dist/bin.js'), '')
  writeFileSync(join(bin, 'node'), runtime(spool), { mode: 0o755 })
  symlinkSync('stub', join(folder, 'current'))
  return { folder, spool, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
