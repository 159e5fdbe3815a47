/**
 * Writes the reference pages from the code they describe: `npm run gen`. With `--check` nothing is written, and a page that differs
 * is an error: then code and documents say different things. Either way the examples and links of the other documents are looked at.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { apiDescription } from './gen/api-description.ts'
import { auditPage } from './gen/audit-page.ts'
import { authorisationPage } from './gen/authorisation-page.ts'
import { cliPage } from './gen/cli-page.ts'
import { configPage } from './gen/config-page.ts'
import { differencesPage } from './gen/differences-page.ts'
import { doctorPage } from './gen/doctor-page.ts'
import { documentProblems } from './gen/document-problems.ts'
import { eventsPage, eventsSchema } from './gen/event-pages.ts'
import { httpConformancePage } from './gen/http-conformance-page.ts'
import { notice } from './gen/notice.ts'
import { chpDifferencesPage, proxyOptionsPage } from './gen/proxy-pages.ts'
import { themePage } from './gen/theme-page.ts'
import { errorsPage, outcomesPage, statesPage } from './gen/word-pages.ts'

const root = dirname(import.meta.dirname)

const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  NOTICE: () => notice(root),
  'docs/reference/audit.md': auditPage,
  'docs/reference/authorisation.md': authorisationPage,
  'docs/reference/cli.md': cliPage,
  'docs/reference/config.md': configPage,
  'docs/reference/differences-from-chp.md': chpDifferencesPage,
  'docs/reference/differences-from-jupyterhub.md': differencesPage,
  'docs/reference/doctor.md': doctorPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/events.md': eventsPage,
  'docs/reference/events.schema.json': eventsSchema,
  'docs/reference/http-conformance.md': httpConformancePage,
  'docs/reference/openapi.json': apiDescription,
  'docs/reference/outcomes.md': outcomesPage,
  'docs/reference/proxy-options.md': proxyOptionsPage,
  'docs/reference/session-states.md': statesPage,
  'docs/reference/theme.md': themePage,
}

function readOrNothing(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

const isCheck = process.argv.includes('--check')
for (const [path, make] of Object.entries(pages)) {
  const file = join(root, path)
  const text = await make()
  if (readOrNothing(file) === text) continue
  if (isCheck) {
    process.stderr.write(`${path} is not what the code says now\n`)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    process.stdout.write(`wrote ${path}\n`)
  }
}
for (const problem of await documentProblems(root)) {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
