/** How the hub reaches a login node. */
import { z } from 'zod'
import { absolutePath } from './config-values.ts'

/** Without quotes: ssh reads them as its configuration file has them. */
const fileOfSsh = absolutePath.regex(/^[^"%\\$~]*$/, 'write a path without " % $ ~ and backslashes: ssh replaces them')

export const SshConfig = z.strictObject({
  host: z
    .string()
    .regex(
      /^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$/,
      'write the name or the address of one host, without an account, a port or brackets',
    )
    .describe('Name or address of the login node'),
  port: z.int().min(1).max(65_535).default(22),
  user: z
    .string()
    .regex(/^[a-z_][a-z0-9_.-]{0,31}$/, 'write a login name in lower case')
    .default('batchway')
    .describe('Account of the gateway on the login node'),
  identityFile: fileOfSsh.describe('Private key without a passphrase, mode 0600, owned by the hub’s account'),
  knownHostsFile: fileOfSsh.describe('File with the login node’s host key, as known_hosts has it'),
})
export type SshConfig = z.output<typeof SshConfig>
