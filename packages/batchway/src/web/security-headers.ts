import { pageHeaders as commonHeaders } from '../core/http.ts'
import type { WebSettings } from './web-room.ts'

/**
 * Headers of every page. In path mode users' applications share our origin, so a page must neither run nor show what is not ours,
 * nor be a window that another page on the origin has a handle on.
 * @param isSecretAddress the address of this very page may not leave it (the one-time link). The origin alone still goes along:
 *   a form post without any would carry `Origin: null`.
 */
export function pageHeaders(
  { base, versions, places }: Pick<WebSettings, 'base' | 'versions' | 'places'>,
  isSecretAddress = false,
): Readonly<Record<string, string>> {
  return {
    ...commonHeaders(base, versions, places.formTargets),
    ...(isSecretAddress && { 'Referrer-Policy': 'strict-origin' }),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Frame-Options': 'DENY',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  }
}
