/** Ids of OAuth clients are of two kinds: `jupyterhub-user-…` for servers, which the database knows, and these, which are configuration. */
export const isServiceClientId = (id: string): boolean => id.startsWith('service-')
