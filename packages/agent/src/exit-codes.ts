/**
 * Why a job of ours ends early, as exit status and as the word in the job output's last line (`batchway: error=<word> …`).
 * The job script and the agent both draw from this one table; the hub may read either. 60–79 is free of the shells' own
 * values (126, 127, 128+n) and of what applications commonly return.
 */
export const exitCodes = {
  'home-missing': 60,
  'home-full': 61,
  'home-read-only': 62,
  'home-not-writable': 63,
  'runtime-not-startable': 64,
  'agent-missing': 65,
  'module-failed': 66,
  'prologue-failed': 67,
  'ticket-missing': 68,
  'module-command-missing': 69,
  'hub-not-reachable': 70,
  'claim-refused': 71,
  'protocol-mismatch': 72,
  'ticket-invalid': 73,
  'listen-failed': 74,
  'never-ready': 75,
  'output-not-writable': 76,
  /** Only where the hub could not be told: an end in order has status 0. */
  walltime: 77,
  idle: 78,
  'agent-failed': 79,
} as const

export type ExitWord = keyof typeof exitCodes

/** The machine-readable last line of the job's output. `message` must be one line; the caller keeps secrets out of it. */
export const errorLine = (word: ExitWord, message: string): string => `batchway: error=${word} ${message}`
