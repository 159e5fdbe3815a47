import type { LoadedConfig } from '../core/load-config.ts'
import type { Admission } from '../people/admission.ts'
import { type KeptSignIns, openKeptSignIns } from '../people/kept-sign-ins.ts'
import type { Login } from '../people/login.ts'
import type { PeopleService } from '../people/people.ts'
import type { RoleBook } from '../people/roles.ts'
import type { Services } from '../people/services.ts'
import { openShares, type Shares } from '../people/shares.ts'
import type { ExamineSignIn } from '../people/who.ts'
import { openSignInTries, type SignInTries } from '../web/try-limit.ts'
import { openExaminer } from './examine-sign-in.ts'
import { openSiteAdmission, openSitePeople } from './open-admission.ts'
import type { Ground } from './open-ground.ts'
import { openLogins } from './open-logins.ts'
import { openSiteServices } from './open-services.ts'
import { roleBookOf } from './role-problems.ts'

/** Who may do what, and how they come in. */
export interface PeopleRoom {
  readonly people: PeopleService
  readonly services: Services
  readonly book: RoleBook
  readonly shares: Shares
  /** Ways to sign in, in the order of the page. */
  readonly logins: readonly Login[]
  readonly admission: Admission
  readonly examineSignIn: ExamineSignIn
  /** Of every door that takes a password. */
  readonly tries: SignInTries
  readonly kept: KeptSignIns
}

/** @throws {Error} with words for the admin, for secrets that are missing or open to others. */
export async function openPeopleRoom(ground: Ground, siteLogins: LoadedConfig['logins']): Promise<PeopleRoom> {
  const { config, stores, audit, names, environment, log, now, random, closing } = ground
  const services = openSiteServices(config, environment)
  const people = closing.use(openSitePeople(config, { stores, now, random, audit }, services))
  await people.forgetServicesBut(services.all.flatMap(({ client }) => client?.id ?? []))
  for (const admin of config.admins) await people.ensureUser(admin, { isAdmin: true })

  const book = roleBookOf(config)
  const logins = await openLogins(config, { now, log, environment, names, siteLogins })
  const admission = openSiteAdmission(config, people, log)
  return {
    ...{ people, services, book, logins, admission },
    shares: openShares({ stores, now, random, book }),
    examineSignIn: openExaminer(config, { admission, names }),
    tries: openSignInTries(now),
    kept: openKeptSignIns({
      store: stores.keptSignIns,
      people,
      admission,
      logins,
      audit,
      log,
      key: ground.keys.keptSignIns,
      random,
      now,
    }),
  }
}
