/** Names by which a provider can end sign-ins: those of one session there, or all of one person. */
export const handleOf = (of: 'session' | 'subject', id: string): string => `${of}:${id}`
