/** A person's steps in Jupyter: open a notebook, run a cell, read what it printed. */
import type { Page } from 'playwright-core'

/** @param face `classic`: Notebook 6. `lab`: JupyterLab 4. @returns the cell's output. */
export async function runCell(page: Page, face: 'classic' | 'lab', code: string): Promise<string> {
  return face === 'classic' ? await runInClassic(page, code) : await runInLab(page, code)
}

async function runInClassic(page: Page, code: string): Promise<string> {
  await page.locator('#new-dropdown-button, #new-buttons button').first().click()
  const [notebook] = await Promise.all([
    page.context().waitForEvent('page'),
    page.locator('[id^=kernel-python3] a').first().click(),
  ])
  // Before that the notebook takes the focus, and what is typed then are its shortcuts.
  await notebook.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor({ state: 'attached', timeout: 60_000 })
  const cell = notebook.locator('.CodeMirror').first()
  await cell.click()
  await notebook.keyboard.type(code)
  const written = await cell.evaluate((element) =>
    (element as { CodeMirror?: { getValue(): string } }).CodeMirror?.getValue(),
  )
  if (written?.replace(/\s/g, '') !== code.replace(/\s/g, ''))
    throw new Error(`the cell has not what was typed: ${written}`)
  await notebook.keyboard.press('Control+Enter')
  const output = notebook.locator('.output_text, .output_error').first()
  await output.waitFor({ timeout: 60_000 })
  const text = await output.innerText()
  await notebook.close()
  return text
}

async function runInLab(page: Page, code: string): Promise<string> {
  // A clean workspace: what an earlier session left open would be in the launcher's place.
  await page.goto(`${page.url().replace(/\/lab.*$/, '')}/lab?reset`)
  await page.locator('.jp-LauncherCard[data-category="Notebook"]').first().click({ timeout: 90_000 })
  const cell = page.locator('.jp-Notebook .jp-Cell .cm-content').first()
  await cell.click({ timeout: 60_000 })
  await page.keyboard.type(code)
  // What is run while the kernel still connects is dropped.
  const idle = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first()
  await idle.waitFor({ state: 'attached', timeout: 60_000 })
  const output = page.locator('.jp-OutputArea-output').first()
  const written = async (): Promise<string> => (await cell.innerText()).replace(/\s/g, '')
  // A notice that Lab shows may take the focus just then, or the keys that were meant for the cell; a person would look, and press again.
  for (let presses = 1; ; presses += 1) {
    await cell.click()
    if ((await written()) !== code.replace(/\s/g, '')) {
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.type(code)
    }
    await page.keyboard.press('Control+Enter')
    try {
      await output.waitFor({ timeout: 30_000 })
      return await output.innerText()
    } catch (error) {
      if (presses < 3) continue
      const status = await page.locator('.jp-Notebook-ExecutionIndicator').first().getAttribute('data-status')
      const words = `no output; the cell: ${await written()}; the kernel: ${status}`
      throw new Error(`${words}; the page: ${(await page.locator('body').innerText()).slice(0, 2_000)}`, {
        cause: error,
      })
    }
  }
}
