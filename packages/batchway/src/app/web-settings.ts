import { applicationPlaces } from '../core/application-hosts.ts'
import { basePathOf, type Config } from '../core/config.ts'
import type { WebSettings } from '../web/web-room.ts'
import { jupyterHubLevel, version } from './version.ts'

/** What pages need to know of the configuration. @param xsrfKey the hub's secret for form tokens. */
export const webSettingsOf = (
  config: Pick<Config, 'url' | 'applicationHosts' | 'origins' | 'site' | 'people' | 'development'>,
  xsrfKey: string,
): WebSettings => ({
  xsrfKey,
  versions: { jupyterhub: jupyterHubLevel, batchway: version },
  places: applicationPlaces(config),
  base: basePathOf(config),
  publicUrl: config.url,
  origins: [new URL(config.url).origin, ...config.origins],
  siteName: config.site.name,
  helpUrl: config.site.helpUrl ?? null,
  helpMail: config.site.helpMail ?? null,
  announcement: config.site.announcement ?? null,
  timeZone: config.site.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  longestTokenSeconds: config.people.tokens.longest ?? null,
  isDevelopment: config.development,
})
