import { randomBytes } from 'node:crypto'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { openExaminer } from '../app/examine-sign-in.ts'
import { openNameService } from '../app/name-service.ts'
import { openSiteAdmission, openSitePeople } from '../app/open-admission.ts'
import { statePaths } from '../app/state-paths.ts'
import type { Config } from '../core/config.ts'
import { silentLogger } from '../core/logger.ts'
import type { Claims } from '../people/people.ts'
import { type WhoAnswer, whoWords, withClaim } from '../people/who.ts'
import { openStores } from '../store/stores.ts'
import { configOption, loadSite } from './load-site.ts'
import { checkStateOwner } from './state-owner.ts'

/** What a sign-in would become, step by step. Nothing is changed and nobody is signed in. */
export async function findWho(config: Config, subject: string, claims: Claims): Promise<WhoAnswer> {
  await using stores = await openStores(statePaths(config).database, Date.now)
  await using people = openSitePeople(config, { stores, now: Date.now, random: randomBytes })
  const admission = openSiteAdmission(config, people, silentLogger)
  return await openExaminer(config, { admission, names: openNameService() })(subject, claims)
}

function addClaim(text: string, before: Claims): Claims {
  const claims = withClaim(text, before)
  if (claims === null) throw new InvalidArgumentError('write NAME=VALUE, e.g. groups=hpc')
  return claims
}

export function whoText(answer: WhoAnswer): string {
  const { steps, outcome } = whoWords(answer)
  return `${[...steps.map((step) => `  ${step}`), outcome].join('\n')}\n`
}

export function addWhoCommand(program: Command): void {
  program
    .command('who')
    .description('show who somebody would be after signing in, and why; nothing is changed')
    .argument('<subject>', 'name as the sign-in gives it, e.g. alice@example.edu')
    .option(...configOption)
    .addOption(
      new Option('--claim <name=value>', 'what the sign-in tells of the person (repeatable)')
        .argParser(addClaim)
        .default({}, 'nothing'),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  batchway who alice@example.edu --claim groups=hpc --claim groups=staff\nExit code: 0 admitted, 3 refused.',
    )
    .action(async (subject: string, options: { config?: string; claim: Claims; json?: boolean }) => {
      const { config } = await loadSite(options.config)
      checkStateOwner(config)
      const answer = await findWho(config, subject, options.claim)
      process.stdout.write(options.json ? `${JSON.stringify(answer, null, 2)}\n` : whoText(answer))
      if (answer.examined.decision.kind === 'refused') process.exitCode = 3
    })
}
