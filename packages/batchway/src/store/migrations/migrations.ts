/** All steps in order; the position is the version number. Append only. */
import type { Migration } from '../migrate.ts'
import { first } from './0001-first.ts'
import { ends } from './0002-ends.ts'
import { signInWay } from './0003-sign-in-way.ts'
import { auditLog } from './0004-audit.ts'
import { userClaims } from './0005-user-claims.ts'
import { revoked } from './0006-revoked.ts'
import { keptSignIns } from './0007-kept-sign-ins.ts'
import { administration } from './0008-administration.ts'
import { services } from './0009-services.ts'
import { serverOptions } from './0010-server-options.ts'
import { shares } from './0011-shares.ts'
import { reports } from './0012-reports.ts'
import { agents } from './0013-agents.ts'
import { outcomeColumns } from './0014-outcome-columns.ts'

export const migrations: readonly Migration[] = [
  first,
  ends,
  signInWay,
  auditLog,
  userClaims,
  revoked,
  keptSignIns,
  administration,
  services,
  serverOptions,
  shares,
  reports,
  agents,
  outcomeColumns,
]
