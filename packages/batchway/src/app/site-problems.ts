/** Everything about a configuration that its schema cannot tell. */
import type { SiteChecks } from '../core/load-config.ts'
import { addressProblems } from './address-problems.ts'
import { driverProblems } from './driver-problems.ts'
import { eventProblems } from './event-problems.ts'
import { frontProblems } from './front-problems.ts'
import { peopleProblems } from './people-problems.ts'
import { roleProblems } from './role-problems.ts'
import { serviceProblems } from './service-problems.ts'
import { siteLoginProblems } from './site-login-problems.ts'

export const siteProblems: SiteChecks = (...given) =>
  [
    driverProblems,
    peopleProblems,
    roleProblems,
    serviceProblems,
    frontProblems,
    addressProblems,
    siteLoginProblems,
    eventProblems,
  ].flatMap((check) => check(...given))
