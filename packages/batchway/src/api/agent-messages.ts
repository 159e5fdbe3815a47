/** What agents may send, with a cap on everything: they run on nodes where any user's code may pose as one. */

import { type ClaimRequest, type ExitWord, exitCodes, type Report } from '@batchway/agent'
import { z } from '@hono/zod-openapi'

const word = (max: number) =>
  z
    .string()
    .regex(/^[\w.@:+[\]#-]+$/, 'holds a character it may not')
    .max(max)
const host = z
  .string()
  .regex(/^[A-Za-z0-9._:%-]+$/, 'is not a host')
  .max(255)
const port = z.int().min(1).max(65_535)
const pid = z.int().min(1).max(4_194_304)
const amount = z.number().min(0).nullable()
/** Unix milliseconds. The column holds whole numbers: on PostgreSQL a fraction of one agent's would keep those of all from being written. */
const moment = z
  .number()
  .min(0)
  .transform((ms) => Math.min(Math.trunc(ms), 8.64e15))
/** Ten years: more is no time that anybody was warned of. */
const longestSeconds = 315_360_000
const exitWords = Object.keys(exitCodes) as [ExitWord, ...ExitWord[]]

export const maxLogLines = 200
export const maxLogCharacters = 64 * 1024
/** JSON may need six characters for one. */
export const maxReportBytes = 512 * 1024

/** The end of a log is what tells; an over-long one must not cost us the report of an exit. */
export function trimLog(lines: readonly string[]): string[] {
  const kept: string[] = []
  let left = maxLogCharacters
  for (const line of lines.slice(-maxLogLines).reverse()) {
    const clean = cleanText(line).slice(0, left)
    kept.unshift(clean)
    left -= clean.length + 1
    if (left <= 0) break
  }
  return kept
}

/** Terminal escapes and other control characters have no place on a page or in an admin's terminal. */
const cleanText = (text: string): string => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/[^\P{Cc}\t\n]/gu, '')

export const ClaimBody = z.object({
  protocol: z.int(),
  session: word(64),
  attempt: z.int().min(1).max(1295),
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  jobId: word(128),
  restart: z.int().min(0).max(1_000_000),
  node: host,
  uid: z.int().min(0).max(4_294_967_295),
  agentVersion: word(64),
  munge: z
    .string()
    .regex(/^MUNGE:[A-Za-z0-9+/=]*:?$/)
    .max(8_192)
    .optional(),
})

const GpuBody = z.object({ percent: amount, memoryBytes: amount, memoryTotalBytes: amount })
const UsageBody = z.object({
  cpuSeconds: amount,
  memoryBytes: amount,
  memoryPeakBytes: amount,
  gpus: z.array(GpuBody).max(64).optional(),
})

export const ReportBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), host, port, pid }),
  z.object({ type: z.literal('ready'), host, port, pid, startedMs: z.number().min(0) }),
  z.object({
    type: z.literal('heartbeat'),
    state: z.enum(['starting', 'ready', 'stopping']),
    host,
    port,
    usage: UsageBody,
    lastActivityAt: moment.nullable(),
    connections: z.int().min(0),
    leftSeconds: amount.default(null),
    warnings: z
      .array(
        z.object({
          about: z.enum(['walltime', 'idle']),
          limitSeconds: z.number().min(0).max(longestSeconds),
          endsInSeconds: z.number().min(0).max(longestSeconds),
        }),
      )
      .max(2)
      .default([]),
  }),
  z.object({
    type: z.literal('exit'),
    why: z.enum([
      'application',
      'stopped',
      'walltime',
      'idle',
      'not-found',
      'never-ready',
      'home',
      'module',
      'agent',
      'preflight',
    ]),
    word: z.enum(exitWords).optional(),
    exitCode: z.int().min(-1).max(255).nullable(),
    signal: z
      .string()
      .regex(/^SIG[A-Z0-9+-]{1,12}$/)
      .nullable(),
    log: z.array(z.string()).max(10_000).transform(trimLog),
    message: z.string().transform((text) => cleanText(text).slice(0, 4_096)),
    usage: UsageBody,
  }),
])

/** Zod says `munge?: string | undefined`, the contract says it is there or not. */
export const toClaimRequest = ({ munge, ...claim }: z.output<typeof ClaimBody>): ClaimRequest =>
  munge === undefined ? claim : { ...claim, munge }

/** The schema and the contract describe the same: a change of one alone does not compile. */
export const toReport = (report: z.output<typeof ReportBody>): Report => report
