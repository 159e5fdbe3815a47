/** How a session ended, as a person is told: by REST, on its page, in the history. */
import assert from 'node:assert/strict'
import type { BrowserContext, Page } from 'playwright-core'
import { type SessionView, sessionsOf } from './api.ts'
import { openPage, shoot } from './browser.ts'
import type { Site } from './site.ts'
import { until } from './until.ts'

export interface Told {
  readonly code: string
  readonly chip: string
  /** Clock times as `at 12:34`; what the API adds about the time zone is taken away before. */
  readonly sentence: RegExp
  readonly cause: RegExp
  readonly next: RegExp
  /** Words of the scheduler, the agent or the job script; null: there are none; absent: whatever they are. */
  readonly words?: RegExp | null
  /** Text of the last log lines; null: there are none. */
  readonly log: RegExp | null
  /** Take screenshots of the page. */
  readonly shot?: boolean
}

/** Waits, since accounting and the job's own output come a moment after the end. @throws {Error} with what is told instead */
export async function assertTold(
  context: BrowserContext,
  site: Site,
  { id, user }: SessionView,
  told: Told,
): Promise<void> {
  await until(
    `${id} is told as ${told.code} by REST`,
    async () => {
      const session = (await sessionsOf(context, site, user)).find((one) => one.id === id)
      const outcome = session?.outcome
      assert.equal(session?.state, 'ended')
      assert.ok(outcome)
      const said = JSON.stringify(outcome)
      assert.equal(outcome.code, told.code, said)
      assert.equal(outcome.title, told.chip, said)
      assert.match(outcome.sentence.replaceAll(' UTC', ''), told.sentence, said)
      assert.match(outcome.cause, told.cause, said)
      assert.match(outcome.next, told.next, said)
      if (told.words) assert.match(outcome.words ?? '', told.words, said)
      if (told.words === null) assert.equal(outcome.words, null, said)
      assert.match(outcome.log.join('\n'), told.log ?? /^$/, said)
      return true
    },
    60_000,
  )
  const page = await openPage(context)
  try {
    await page.goto(`${site.url}hub/sessions/${id}`)
    assert.match(await page.locator('h1').innerText(), told.sentence)
    assert.equal((await page.locator('main .bw-chip').first().innerText()).trim(), told.chip)
    assert.match(await sectionOf(page, 'h-again'), told.next)
    assert.match(await sectionOf(page, 'h-err'), told.cause)
    assert.match(await sectionOf(page, 'h-err'), new RegExp(`session\\.${told.code}\\b`))
    // By themselves where they say more than the scheduler does, and always as evidence.
    const quoted = await page
      .locator('section[aria-labelledby=h-words] pre, section[aria-labelledby=h-err] dd code')
      .allInnerTexts()
    if (told.words)
      assert.ok(
        quoted.some((text) => told.words?.test(text)),
        quoted.join('\n'),
      )
    // A long log of what did not fail waits behind a fold.
    const logs = await page.locator('section[aria-labelledby=h-log] pre').allTextContents()
    if (told.log) assert.match(logs.join('\n').trim(), told.log)
    else assert.match(await sectionOf(page, 'h-log'), /There are none to show/)
    if (told.shot) await shoot(page, `ended-${told.code}`)
    await page.goto(`${site.url}hub/history`)
    const row = page.locator('tr', { has: page.locator(`a[href$="/hub/sessions/${id}"]`) })
    assert.match(await row.innerText(), new RegExp(`\\b${told.chip}\\b`))
  } finally {
    await page.close()
  }
}

const sectionOf = (page: Page, heading: string): Promise<string> =>
  page.locator(`section[aria-labelledby=${heading}]`).innerText()
