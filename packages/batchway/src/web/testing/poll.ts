import assert from 'node:assert/strict'

/**
 * Ask until it is so. In a page not by Playwright's `waitForFunction`: from its second look on it evaluates text in the page, which the
 * page's policy forbids.
 */
export async function poll(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await isSo()); ) {
    assert.ok(Date.now() < end, 'it did not become so in time')
    await new Promise((wake) => setTimeout(wake, 20))
  }
}
