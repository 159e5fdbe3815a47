import { z } from 'zod'
import { absolutePath, key, plainText, url } from './config-values.ts'
import { ProfileLimitsConfig } from './profile-config.ts'
import { SshConfig } from './ssh-config.ts'

export const ClusterConfig = z.strictObject({
  title: plainText.optional().describe('Name on the pages; the driver’s title if absent'),
  driver: key.describe(
    'A name that `batchway config drivers` prints, such as "slurm" or "local", or the id of a driver that batchway.config.ts lists',
  ),
  transport: z
    .enum(['self', 'sudo', 'ssh'])
    .default('self')
    .describe(
      'Run scheduler commands as the hub itself, with "sudo -n -u USER", or by ssh on a login node, where sudo acts for the users',
    ),
  ssh: SshConfig.optional().describe('The login node, with "transport: ssh"'),
  hubUrl: url.optional().describe('Address of the hub as this cluster’s nodes see it; hub.internalUrl if absent'),
  listen: z
    .strictObject({
      address: z.string().default('0.0.0.0').describe('Address that agents listen on, on their node'),
      ports: z
        .tuple([z.int().min(1024).max(65_535), z.int().min(1024).max(65_535)])
        .refine(([from, to]) => from <= to, 'write the lower port first')
        .optional()
        .describe('Range of ports, if a firewall asks for one'),
      advertise: z
        .string()
        .optional()
        .describe('One address under which the proxy reaches every node; each node’s own name if absent'),
    })
    .prefault({}),
  account: plainText
    .default('{user}')
    .describe('POSIX account of a user: {user} is the user’s name, {claim.NAME} what the sign-in told'),
  accounts: absolutePath
    .optional()
    .describe('File with lines "USER ACCOUNT": accounts that differ from the rule above; read again when it changes'),
  home: plainText
    .optional()
    .describe(
      'Home folder on the nodes, e.g. "/home/{account}"; asked of the system (with ssh: of the login node) if absent',
    ),
  agent: absolutePath
    .optional()
    .describe('Folder given to "batchway agent install", as the nodes see it; with ssh the login node tells'),
  settings: z.record(z.string(), z.unknown()).prefault({}).describe('Settings of the driver'),
  limits: ProfileLimitsConfig.prefault({}).describe('The most that any profile and any choice may ask of this cluster'),
})
