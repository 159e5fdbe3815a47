/** Who asks for a visitor: a server, whose client the session room registers, or a service of the configuration. */
import type { People, User } from '../people/people.ts'
import { type Services, serviceAccessScope } from '../people/services.ts'

export interface Application {
  readonly id: string
  /** Empty: nobody can prove to be it. */
  readonly secretHash: string
  readonly redirectUri: string
  readonly allowedScopes: readonly string[]
  readonly description: string
  /** The scope that lets a visitor in. */
  readonly access: string
  /** As the audit log names it. */
  readonly subject: string
  /** Whose server it is; null for a service. */
  readonly owner: User | null
  /** Name of the server or of the service. */
  readonly name: string
  /** The visitor need not be asked: it is their own, or the site's. */
  isTrustedBy(visitor: User): boolean
}

export const findApplication =
  (people: Pick<People, 'findClient' | 'findUserById'>, services: Pick<Services, 'ofClient'>) =>
  async (id: string): Promise<Application | null> => {
    const entry = services.ofClient(id)
    if (entry?.service.client) {
      const { name, client } = entry.service
      return {
        ...client,
        secretHash: entry.tokenHash,
        description: `Service ${name}`,
        access: serviceAccessScope(name),
        subject: `service:${name}`,
        owner: null,
        name,
        isTrustedBy: () => client.isTrusted,
      }
    }
    const client = await people.findClient(id)
    const owner = client && (await people.findUserById(client.userId))
    if (client === null || owner === null) return null
    const subject = `${owner.name}/${client.serverName}`
    return {
      ...client,
      access: `access:servers!server=${subject}`,
      subject,
      owner,
      name: client.serverName,
      isTrustedBy: (visitor) => visitor.id === client.userId,
    }
  }
