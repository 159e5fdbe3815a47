import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Config } from '../core/config.ts'
import { parseDuration } from '../core/units.ts'
import { commandBy } from './command-by.ts'
import { configOption, loadSite } from './load-site.ts'
import { openLocalPeople } from './open-local-people.ts'
import { checkStateOwner } from './state-owner.ts'

/** Make a one-time sign-in link. The address is a secret until it is used: print it for the one person, never log it. */
export async function makeLink(config: Config, userName: string, ttlSeconds: number): Promise<string> {
  if (!config.signIn.some(({ type }) => type === 'link'))
    throw new Error('the configuration does not offer sign-in by link (signIn: [{ type: link }])')
  await using local = await openLocalPeople(config)
  const { people, audit } = local
  const secret = await people.createLink(userName, ttlSeconds)
  await audit({ actor: 'operator', action: 'link-created', object: userName, way: 'command', detail: commandBy() })
  const url = new URL(config.url)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return new URL(`hub/login/link?key=${encodeURIComponent(secret)}`, url).href
}

const toSeconds = (text: string): number => {
  const seconds = parseDuration(text)
  if (seconds === null || seconds < 10 || seconds > 86_400)
    throw new InvalidArgumentError('write a duration from 10s to 24h, e.g. "15m"')
  return seconds
}

export function addLinkCommand(program: Command): void {
  program
    .command('link')
    .description('print a sign-in link for one person: short-lived, for one use')
    .argument('<user>', 'name of the user')
    .option(...configOption)
    .addOption(new Option('--valid <duration>', 'how long it can be used').argParser(toSeconds).default(900, '15m'))
    .action(async (user: string, options: { config?: string; valid: number }) => {
      const { config } = await loadSite(options.config)
      checkStateOwner(config)
      process.stdout.write(`${await makeLink(config, user, options.valid)}\n`)
    })
}
