/** What several rows ask with, and what they look at. */
import type { Site } from './world.ts'

export const host = { Host: 'hub.example.org' }
export const told = ['x-forwarded-for', 'x-forwarded-port', 'x-forwarded-proto', 'x-forwarded-host'] as const
export const forged = {
  ...host,
  'X-Forwarded-For': '1.2.3.4',
  'X-Forwarded-Port': '443',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'public.example.org',
}

/** Redirects to the target's own address, to a path, and elsewhere. */
export async function locations(site: Site): Promise<unknown[]> {
  const { targetUrl } = site.world
  await site.route('/a', targetUrl)
  const ask = async (status: number, to: string) => {
    const { headers } = await site.front(`/a/location/${status}/${encodeURIComponent(to)}`, { headers: host })
    const masked = headers.location?.replace(targetUrl.replace('http:', 'https:'), 'https TARGET')
    return masked?.replace(targetUrl, 'TARGET').replace(`:${site.world.target.port}`, ':PORT')
  }
  return [
    await ask(302, `${targetUrl}/a/x?q=1`),
    await ask(302, '/a/y'),
    await ask(301, 'http://elsewhere.example.org/'),
  ]
}
