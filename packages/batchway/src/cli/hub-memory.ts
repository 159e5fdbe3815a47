/**
 * For `NODE_OPTIONS` of the hub. V8 lets what is young grow to 64 MB before it looks which of it is still in use, and gives none of it
 * back: many starts at once leave the hub that much larger. Small nurseries are cleared more often, and faster each time.
 */
export const hubMemory = '--max-semi-space-size=4'

/** What a site has set itself comes last, and so wins. */
export const withHubMemory = (own: string | undefined): string => (own ? `${hubMemory} ${own}` : hubMemory)
