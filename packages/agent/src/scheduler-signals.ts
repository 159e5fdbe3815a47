/** What a scheduler's signals mean, and who gets them. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * Grid Engine (`qsub -notify`) sends SIGUSR1 before it suspends a job and SIGUSR2 before it kills it, to every process that has the job's
 * additional group, also those of sessions of their own (measured with 8.1.9): the default of both is to end, so a kernel would.
 */
const isGridEngine = (environment: Environment): boolean => environment.SGE_JOB_SPOOL_DIR !== undefined

/** Does this signal to the agent ask it to end? */
export const asksToEnd = (signal: NodeJS.Signals, environment: Environment): boolean =>
  !(signal === 'SIGUSR1' && isGridEngine(environment))

/** Warnings that reach the application as well as the agent. */
export const warningsToAll = (environment: Environment): readonly ('USR1' | 'USR2')[] =>
  isGridEngine(environment) ? ['USR1', 'USR2'] : []
