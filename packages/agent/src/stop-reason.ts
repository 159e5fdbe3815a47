import type { ExitReason } from './protocol.ts'

/** Why an application is ended from outside: the reason of the signal that stops it. */
export class StopReason {
  readonly why: Extract<ExitReason, 'stopped' | 'walltime' | 'idle'>
  readonly words: string
  constructor(why: StopReason['why'], words: string) {
    this.why = why
    this.words = words
  }
  toString(): string {
    return this.words
  }
}

export const stopReasonOf = ({ reason }: AbortSignal): StopReason =>
  reason instanceof StopReason ? reason : new StopReason('stopped', String(reason))
