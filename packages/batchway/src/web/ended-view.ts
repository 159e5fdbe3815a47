/** What the page of an ended session shows beside its sentence: log lines, words, evidence, advice. Pure. */
import type { Tone } from '../sessions/outcomes.ts'
import type { Outcome, OutcomeCode } from '../sessions/session.ts'
import { memory } from './format.ts'

/** Enough to see the error, and no more than a screen of a phone. */
const shownLines = 12
/** A fold around so few lines hides them and saves no room. */
const shortLog = 4

export interface LogView {
  /** Shown at once: the last lines, oldest first. */
  readonly last: readonly string[]
  /** Behind a fold; empty where `last` is all there is. */
  readonly all: readonly string[]
}

/** Lines matter at once where something failed; where all went as somebody wished they wait behind the fold. */
export function logView(lines: readonly string[], tone: Tone): LogView {
  if (tone !== 'bad' && lines.length > shortLog) return { last: [], all: lines }
  return lines.length > shownLines ? { last: lines.slice(-shownLines), all: lines } : { last: lines, all: [] }
}

/** What the agent says of an application that the kernel or the scheduler killed. */
const isKillNotice = (words: string): boolean => /^the application was ended by SIG[A-Z0-9]+\.?$/i.test(words)

/** The words of who ended it, where they say more than the page's sentence; the record holds them always. */
export function ownWords({ code, words, accounting }: Outcome, tone: Tone): string | null {
  if (words === null || tone !== 'bad' || words === accounting?.words) return null
  return code === 'out-of-memory' && isKillNotice(words) ? null : words
}

export interface Evidence {
  readonly who: string
  /** Verbatim. */
  readonly words: string
  readonly more: string
}

/** Whose words they are where no job could speak. */
const speakers: Partial<Readonly<Record<OutcomeCode, (cluster: string) => string>>> = {
  rejected: (cluster) => `${cluster} answered`,
  'can-never-run': (cluster) => `${cluster} said`,
  'queue-limit': () => 'This site',
  'hub-not-reachable': () => 'This site',
}

/**
 * Who says so, in their own words: the scheduler first, since it judges from outside. Its peak of memory is no evidence: it
 * looks every few seconds, and the moment that killed a job is one it never saw.
 */
export function evidenceOf(
  { code: outcome, accounting, words, exitCode, signal, use }: Outcome,
  cluster: string,
): readonly Evidence[] {
  const evidence: Evidence[] = []
  if (accounting !== null) {
    const own = accounting.words ?? accounting.kind
    const more = [
      // Slurm's own notation already holds both.
      accounting.exitCode === undefined || /exit/i.test(own) ? '' : `exit code ${accounting.exitCode}`,
      accounting.signal === undefined || /exit/i.test(own) ? '' : `signal ${accounting.signal}`,
    ]
    evidence.push({ who: `${cluster} recorded`, words: own, more: more.filter(Boolean).join(', ') })
  }
  if (words !== null && words !== accounting?.words) {
    const code = exitCode === null || words.includes(String(exitCode)) ? '' : `exit code ${exitCode}`
    const sign = signal === null || words.includes(signal) ? '' : `signal ${signal}`
    // What ended before it was looked at once has no peak.
    const peak = !use?.memoryPeakMiB ? '' : `peak memory ${memory(use.memoryPeakMiB)}`
    const who = speakers[outcome]?.(cluster) ?? (accounting === null ? 'Its own words' : 'From the node')
    evidence.push({ who, words, more: [code, sign, peak].filter(Boolean).join(', ') })
  }
  return evidence
}

export interface Tips {
  readonly title: string
  readonly tips: readonly string[]
}

const tips: Partial<Readonly<Record<OutcomeCode, Tips>>> = {
  'out-of-memory': {
    title: 'To need less memory',
    tips: [
      'Read in pieces: most libraries for tables and arrays can load a file chunk by chunk.',
      'Free what is done: delete large tables, or restart the kernel between steps.',
      'Shut down notebooks you do not use: each keeps its data until its kernel ends.',
    ],
  },
  walltime: {
    title: 'To lose nothing at the end',
    tips: [
      'Save results to files as you go; a warning is shown before the time is over.',
      'Let long computations write checkpoints, so that the next session goes on from there.',
    ],
  },
  'home-full': {
    title: 'To free space',
    tips: [
      'Empty the trash and old checkpoints of notebooks.',
      'Move large data to the project or scratch file system.',
    ],
  },
}

export const tipsOf = (code: OutcomeCode): Tips | null => tips[code] ?? null
