import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { type Command, InvalidArgumentError } from 'commander'
import { accountRule } from '../app/account-rule.ts'
import { openSiteAdmission, openSitePeople } from '../app/open-admission.ts'
import { statePaths } from '../app/state-paths.ts'
import type { Config } from '../core/config.ts'
import { silentLogger } from '../core/logger.ts'
import type { Examined } from '../people/admission.ts'
import type { Claims } from '../people/people.ts'
import { openStores } from '../store/stores.ts'
import { configOption, loadSite } from './load-site.ts'
import { checkStateOwner } from './state-owner.ts'

const run = promisify(execFile)

/** One line on a cluster's account: `alice (uid 1234, home /home/alice)`. */
interface AccountFinding {
  readonly cluster: string
  readonly words: string
}

export interface WhoAnswer {
  readonly examined: Examined
  readonly accounts: readonly AccountFinding[]
}

/** What a sign-in would become, step by step. Nothing is changed and nobody is signed in. */
export async function findWho(config: Config, subject: string, claims: Claims): Promise<WhoAnswer> {
  await using stores = await openStores(statePaths(config).database, Date.now)
  await using people = openSitePeople(config, { stores, now: Date.now, random: randomBytes })
  const admission = openSiteAdmission(config, people, silentLogger)
  const examined = await admission.examine({ subject, claims, endsAt: null })
  const { decision } = examined
  if (decision.kind === 'refused') return { examined, accounts: [] }
  const accounts = Object.entries(config.clusters).map(async ([key, cluster]): Promise<AccountFinding> => {
    try {
      const account = await accountRule(cluster, key)(decision)
      return { cluster: key, words: `${account} (${await passwdWords(account)})` }
    } catch (error) {
      return { cluster: key, words: error instanceof Error ? error.message : String(error) }
    }
  })
  return { examined, accounts: await Promise.all(accounts) }
}

async function passwdWords(account: string): Promise<string> {
  try {
    const [, , uid = '', , , home = ''] = (await run('getent', ['passwd', '--', account])).stdout.trim().split(':')
    return `uid ${uid}, home ${home}`
  } catch {
    return 'not known on this host'
  }
}

/** `groups=hpc` adds one value to one claim. */
function addClaim(text: string, before: Claims): Claims {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('write NAME=VALUE, e.g. groups=hpc')
  const name = text.slice(0, at)
  return { ...before, [name]: [...(before[name] ?? []), text.slice(at + 1)] }
}

export function whoWords({ examined: { decision, trail }, accounts }: WhoAnswer): string {
  const lines = [
    ...trail.map((line) => `  ${line}`),
    ...accounts.map(({ cluster, words }) => `  account on ${cluster}: ${words}`),
    decision.kind === 'admitted'
      ? `signs in as ${decision.name}${decision.isAdmin ? ', administrator' : ''}`
      : `refused; the person reads: ${decision.words}`,
  ]
  return `${lines.join('\n')}\n`
}

export function addWhoCommand(program: Command): void {
  program
    .command('who')
    .description('show who somebody would be after signing in, and why; nothing is changed')
    .argument('<subject>', 'name as the sign-in gives it, e.g. alice@example.edu')
    .option(...configOption)
    .option('--claim <name=value>', 'what the sign-in tells of the person (repeatable)', addClaim, {})
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  batchway who alice@example.edu --claim groups=hpc --claim groups=staff\nExit code: 0 admitted, 3 refused.',
    )
    .action(async (subject: string, options: { config?: string; claim: Claims; json?: boolean }) => {
      const { config } = await loadSite(options.config)
      checkStateOwner(config)
      const answer = await findWho(config, subject, options.claim)
      process.stdout.write(options.json ? `${JSON.stringify(answer, null, 2)}\n` : whoWords(answer))
      if (answer.examined.decision.kind === 'refused') process.exitCode = 3
    })
}
