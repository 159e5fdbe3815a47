/** An address of plain http is for one machine: beyond it, everyone on the way could read passwords and cookies. */
import type { SiteChecks } from '../core/load-config.ts'

const isThisMachine = (hostname: string): boolean =>
  /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)

export const addressProblems: SiteChecks = ({ url, insecureHttp }) => {
  if (url === null || insecureHttp) return []
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || isThisMachine(hostname)) return []
  const message =
    'everyone on the way can read passwords and sessions of plain http: write "https://…" with a front server before the proxy ("batchway front-config"), or "insecureHttp: true" for a try'
  return [{ path: 'url', message }]
}
