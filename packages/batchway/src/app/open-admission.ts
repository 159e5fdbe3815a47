/** The configuration's rules about people, with what they ask outside. */
import type { Config } from '../core/config.ts'
import { BatchwayError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { type Admission, type AdmissionRules, type NameLookup, openAdmission } from '../people/admission.ts'
import type { People, PeopleService } from '../people/people.ts'
import { openPeople, type PeopleParts } from '../people/people-service.ts'
import { noServices } from '../people/services.ts'
import { nameCommand } from './name-command.ts'
import { roleBookOf } from './role-problems.ts'
import { watchedTable } from './watched-table.ts'

type PeoplePart = Pick<Config, 'people' | 'admins'>

const admissionRules = ({ people, admins }: PeoplePart): AdmissionRules => ({
  names: people.names,
  groups: people.groups ?? null,
  allow: people.allow ?? 'everyone',
  block: people.block,
  adminGroups: people.adminGroups,
  admins,
})

/** @throws {TypeError} for rules that mean nothing. */
export function openSiteAdmission(
  config: PeoplePart,
  people: Pick<People, 'ensureUser' | 'findUser'>,
  log: Pick<Logger, 'warn'>,
): Admission {
  const { table, command } = config.people.names
  return openAdmission(admissionRules(config), {
    people,
    before: table === undefined ? [] : [tableLookup(table, log)],
    after: command === undefined ? [] : [nameCommand(command)],
  })
}

function tableLookup(path: string, log: Pick<Logger, 'warn'>): NameLookup {
  const find = watchedTable(path, (problems) => log.warn({ path, problems: problems.slice(0, 20) }, 'table of names'))
  return {
    title: `the table ${path}`,
    find: async ({ subject }) => {
      try {
        return await find(subject)
      } catch (error) {
        throw new BatchwayError(
          'sign_in_unavailable',
          'The names of users cannot be read now. Try again in a minute.',
          {
            cause: error,
          },
        )
      }
    },
  }
}

/** People with the sign-in times and the roles of the configuration. @param services whose tokens count, where somebody shows tokens. */
export const openSitePeople = (
  config: Pick<Config, 'people' | 'admins' | 'roles' | 'customScopes'>,
  parts: PeopleParts,
  services = noServices,
): PeopleService => {
  const { signIn, groups, adminGroups, tokens } = config.people
  const rules = {
    book: roleBookOf(config),
    admins: new Set(config.admins.map((name) => name.toLowerCase())),
    // Where a claim tells the groups, it alone makes administrators: membership by hand does not.
    adminGroups: new Set(groups === undefined ? adminGroups : []),
  }
  return openPeople(parts, {
    signInSeconds: signIn.lasts,
    idleSeconds: signIn.idle ?? null,
    longestTokenSeconds: tokens.longest ?? null,
    rules,
    services,
  })
}
