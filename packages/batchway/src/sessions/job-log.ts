/**
 * Reads what a job left in its output where no agent told: it was killed in the prolog, its shell or the runtime did not start, its node
 * died. The file is read as the user, by the cluster's transport; a site that has no sudo rule for that gets the path instead.
 */
import type { Room } from './room.ts'
import type { Attempt, Outcome, OutcomeCode, Session } from './session.ts'

export interface JobLogs {
  /** Look at the output of an ended session's job, now and a little later, for a shared file system takes its time. Never throws. */
  read(session: Session, attempt: Attempt): Promise<void>
}

const pausesMs = [0, 2_000, 8_000]
/** What agents report at most. */
const maxLines = 200
const maxLine = 8 * 1024

/** What a person or a rule decided needs no log; what the scheduler refused has none. */
const needsNone: ReadonlySet<OutcomeCode> = new Set([
  'finished',
  'stopped-by-user',
  'stopped-by-admin',
  'idle',
  'rejected',
  'can-never-run',
  'queue-limit',
])

export const lacksLog = ({ code, log, logPlace }: Outcome): boolean =>
  log.length === 0 && logPlace === null && !needsNone.has(code)

/** The last lines of an output, without the secret that the job script held: a shell may quote what it cannot read. */
export function logLines(text: string, secret: string): string[] {
  const lines = text.replaceAll(secret, '[secret]').split('\n')
  // The first may be cut; behind the last line feed there is nothing.
  if (lines.at(-1) === '') lines.pop()
  return lines.slice(-maxLines).map((line) => line.slice(0, maxLine))
}

export function openJobLogs(
  { clusters, credentials, log, apply }: Pick<Room, 'clusters' | 'credentials' | 'log' | 'apply'>,
  /** Resolves after the time, or when the hub ends; `isEnding` tells. */
  { pause, isEnding }: { readonly pause: (ms: number) => Promise<void>; readonly isEnding: () => boolean },
): JobLogs {
  return {
    async read({ id, account, spec, facts }, { jobId, number, outputPath }) {
      const site = clusters.get(spec.cluster)
      if (facts.state !== 'ended' || jobId === null || !site || !lacksLog(facts.outcome)) return
      const place = outputPath.replaceAll('%j', jobId)
      const tell = (lines: readonly string[]) => apply(id, { type: 'logRead', lines, place })
      try {
        for (const ms of pausesMs) {
          if (ms > 0) await pause(ms)
          if (isEnding()) return
          const text = await site.cluster.readLog(jobId, place, account)
          if (text) return void (await tell(logLines(text, credentials.attemptSecret(id, number))))
        }
      } catch (error) {
        log.warn({ session: id, path: place, error: String(error) }, 'the job’s output could not be read')
        await tell([]).catch((failure: unknown) => log.error({ error: String(failure) }, 'could not note the output'))
      }
    },
  }
}
