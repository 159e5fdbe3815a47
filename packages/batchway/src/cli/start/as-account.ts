import type { Account } from './served-account.ts'

/** argv that runs as an account with everything that root's power hangs on taken away. @see setpriv(1) */
export const asAccount = (account: Account, argv: readonly string[]): readonly [string, ...string[]] => [
  'setpriv',
  `--reuid=${account.uid}`,
  `--regid=${account.gid}`,
  '--init-groups',
  '--inh-caps=-all',
  ...argv,
]
