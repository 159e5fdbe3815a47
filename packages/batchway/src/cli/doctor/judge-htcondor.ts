/** What HTCondor's commands say about themselves and about jobs that the gateway submits. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'

/** The version that the driver was made with; the oldest that knows `request_gpus` with `require_gpus`, and `-unmatchable`. */
const htcondorRange = { oldest: [10, 0], tested: [23, 9] } as const

export interface HtcondorWords {
  /** What `condor_version` prints. */
  readonly version: string
  /** Of this host; null if they could not be asked. */
  readonly domains: { readonly fileSystem: string; readonly uid: string } | null
  /** The history of ended jobs; null: none is kept, or it could not be asked. */
  readonly history: string | null
}

/** `$CondorVersion: 23.9.6 2026-07-12 …$` → [23, 9]; null if it cannot be read. */
export function parseCondorVersion(text: string): readonly [number, number] | null {
  const [, major, minor] = /\$CondorVersion: (\d{1,4})\.(\d{1,4})\./.exec(text) ?? []
  return major === undefined || minor === undefined ? null : [Number(major), Number(minor)]
}

const isBefore = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])

export function judgeHtcondor({ version, domains, history }: HtcondorWords): readonly Verdict[] {
  return [judgeVersion(version), ...judgeHistory(history), ...judgeDomains(domains)]
}

function judgeVersion(text: string): Verdict {
  const { oldest, tested } = htcondorRange
  const found = parseCondorVersion(text)
  if (found === null) return warning(`cannot tell the version of HTCondor: ${JSON.stringify(text.slice(0, 60))}`)
  const words = `HTCondor ${found.join('.')}`
  const advice = 'Run one session of each profile before you let people in.'
  if (isBefore(found, oldest))
    return problem(`${words} is older than ${oldest.join('.')}, whose options the driver uses`, advice)
  if (found[0] !== tested[0] || found[1] !== tested[1])
    return warning(`${words}; Batchway was tried with ${tested.join('.')}`, advice)
  return ok(`${words}, the version that Batchway was tried with`)
}

function judgeHistory(history: string | null): Verdict[] {
  if (history !== null && history !== '') return []
  return [
    warning(
      'no history of ended jobs can be found (HISTORY)',
      'Sessions work all the same. What is told less exactly: out of memory, who cancelled, and the end of jobs while the hub was down.',
      'In the configuration of this host, then condor_reconfig:',
      literal('HISTORY = $(SPOOL)/history'),
    ),
  ]
}

/** A domain that is the host's own name says that nothing is shared: HTCondor's default. */
function judgeDomains(domains: HtcondorWords['domains']): Verdict[] {
  if (domains === null) return []
  const { fileSystem, uid } = domains
  return [ok(`jobs need machines with FILESYSTEM_DOMAIN ${fileSystem} and UID_DOMAIN ${uid}, where homes are shared`)]
}
