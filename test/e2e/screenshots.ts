/**
 * `npm run screenshots [-- FOLDER]`: every page of a site that really runs, light and dark, 1280 and 360 px wide. Needs what the
 * end-to-end tests need (root, the bench up, Chromium).
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openBrowser } from './support/browser.ts'
import { openSite } from './support/site.ts'
import { openTour, visitStop, withTour } from './support/tour.ts'

const folder = resolve(process.argv[2] ?? 'test-output/screenshots')
const only = process.argv[3]
mkdirSync(folder, { recursive: true })

const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 360],
  ['dark', 360],
] as const

async function photograph(): Promise<void> {
  await using site = await openSite({ instance: 'th', change: withTour })
  await using undo = new AsyncDisposableStack()
  const browser = await openBrowser()
  undo.defer(() => browser.close())
  const tour = undo.use(await openTour(browser, site))
  let count = 0
  for (const stop of tour.stops) {
    if (only !== undefined && !stop.name.startsWith(only)) continue
    const page = await visitStop(tour, site, stop)
    for (const [colorScheme, width] of looks) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: width === 360 ? 740 : 900 })
      await page.screenshot({ path: join(folder, `${stop.name}-${colorScheme}-${width}.png`), fullPage: true })
      count++
    }
    await page.close()
  }
  process.stdout.write(`${count} pictures in ${folder}\n`)
}

/** What went wrong first: closing what it left open fails too, and would hide it. */
const causeOf = (error: unknown): unknown => (error instanceof SuppressedError ? causeOf(error.suppressed) : error)

await photograph().catch((error: unknown) => {
  throw causeOf(error)
})
