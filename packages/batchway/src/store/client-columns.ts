import { isServiceClientId } from '../core/service-client.ts'

/** Where the id of a client stands: a server's is watched by a foreign key, a service's is configuration. */
export const clientColumns = (clientId: string | null) =>
  clientId !== null && isServiceClientId(clientId)
    ? { client_id: null, service_client: clientId }
    : { client_id: clientId, service_client: null }
