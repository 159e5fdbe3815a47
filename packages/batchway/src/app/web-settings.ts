import { basePathOf, type Config } from '../core/config.ts'
import type { WebSettings } from '../web/web-room.ts'

/** What pages need to know of the configuration. */
export const webSettingsOf = (
  { url, origins, site, people, development }: Pick<Config, 'url' | 'origins' | 'site' | 'people' | 'development'>,
  parts: Pick<WebSettings, 'xsrfKey' | 'versions' | 'places'>,
): WebSettings => ({
  ...parts,
  base: basePathOf({ url }),
  publicUrl: url,
  origins: [new URL(url).origin, ...origins],
  siteName: site.name,
  helpUrl: site.helpUrl ?? null,
  helpMail: site.helpMail ?? null,
  announcement: site.announcement ?? null,
  timeZone: site.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  longestTokenSeconds: people.tokens.longest ?? null,
  isDevelopment: development,
})
