import { SchedulerError } from './driver.ts'

/** For `assert.throws`: an error of this kind, in these words. */
export const refusal = (kind: SchedulerError['kind'], words: RegExp) => (error: unknown) =>
  error instanceof SchedulerError && error.kind === kind && words.test(error.message)
