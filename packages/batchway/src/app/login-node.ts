/** The login node of a cluster with "transport: ssh": the hub's host needs neither the accounts of its users nor their homes. */
import { type LoginNode, openLoginNode, SchedulerError, sshArguments } from '@batchway/schedulers'
import type { Logger } from '../core/logger.ts'
import type { SshConfig } from '../core/ssh-config.ts'
import type { InstalledAgentPlace } from '../sessions/room.ts'
import type { NameService } from './name-service.ts'

/** Connects when something is asked. */
export const openSiteLoginNode = (ssh: SshConfig, log: Logger): LoginNode =>
  openLoginNode({ name: ssh.host, reach: { file: '/usr/bin/ssh', args: sshArguments(ssh) }, log })

/** What the login node's name service knows of accounts. @throws {SchedulerError} if it cannot be asked. */
export const namesOfLoginNode = (node: LoginNode): Pick<NameService, 'findAccount'> => ({
  findAccount: (text) => node.lookUpAccount(text),
})

/** The version that lies beside the program that answers: an update there needs no word to the hub. @throws {SchedulerError} */
export async function agentOfLoginNode(node: LoginNode, host: string): Promise<InstalledAgentPlace> {
  const { agent } = await node.hello()
  if (agent !== null) return agent
  throw new SchedulerError(
    'unavailable',
    `batchway-commands on ${host} is not one that "batchway agent install" has put there, so no agent lies beside it`,
  )
}
