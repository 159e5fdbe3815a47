const words: Readonly<Record<string, string>> = {
  'access:servers': 'Open it and work in it, with everything its owner can do there',
  servers: 'See how it is, start and stop it',
  'read:servers': 'See how it is',
  'start:servers': 'Start it, as a job of its owner',
  'delete:servers': 'Stop it',
  'admin:servers': 'See how it is, start and stop it, with what its job is',
  'admin:server_state': 'See what its job is',
  shares: 'Invite others to it',
  'read:shares': 'See who is invited to it',
}

/** What a share gives, in words. @param scope name without its filter. */
export const shareWords = (scope: string): string => words[scope] ?? 'A right of this site’s services'
