/** The part of the configuration that says which POSIX accounts jobs may run as. */
import { z } from 'zod'

export const AccountsConfig = z.strictObject({
  characters: z
    .array(z.enum(['upper-case', '@', '+']))
    .default([])
    .describe(
      'What names of accounts may hold beside a–z, digits and . _ -, e.g. ["@"] where a directory has "alice@example.edu"',
    ),
  uidMin: z
    .int()
    .min(1)
    .max(4_294_967_294)
    .optional()
    .describe('Lowest uid of people; UID_MIN of /etc/login.defs if absent'),
  refuse: z
    .array(z.string().regex(/^[^\0-\x1f\x7f]{1,255}$/, 'write the name of an account'))
    .default([])
    .describe('Accounts that no job runs as, beside root, those of well-known services and the hub’s own'),
  anyShell: z
    .boolean()
    .default(false)
    .describe('Do accounts count that may not log in to the hub’s host (shell nologin or false)?'),
})
export type AccountsConfig = z.output<typeof AccountsConfig>
