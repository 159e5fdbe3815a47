/** How the commands over the API end: scripts read the number, people the sentence. */
export const exitStatuses = {
  done: { status: 0, meaning: 'done' },
  refused: {
    status: 1,
    meaning: 'wrong use, or a request that the hub cannot follow (400, 422): the sentence says what to write instead',
  },
  credentials: { status: 3, meaning: 'no token, an unknown one, or one that may not do this (401, 403)' },
  missing: { status: 4, meaning: 'there is no such thing, or this token may not see it (404)' },
  conflict: {
    status: 5,
    meaning: 'it exists already, it is busy, a limit is reached (409, 424, 429), or no new sessions are taken',
  },
  unreachable: { status: 6, meaning: 'the hub was not reached, its certificate is not trusted, or it failed (5xx)' },
  failed: { status: 7, meaning: '`server start --wait`: the server ended before it was ready' },
} as const satisfies Record<string, { status: number; meaning: string }>

export type ExitName = keyof typeof exitStatuses

/** A sentence for a person, with the status that a script sees. */
export class CommandProblem extends Error {
  readonly exitStatus: number
  constructor(exit: ExitName, words: string, options?: ErrorOptions) {
    super(words, options)
    this.name = 'CommandProblem'
    this.exitStatus = exitStatuses[exit].status
  }
}
