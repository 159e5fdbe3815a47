/** The main job: from the sign-in to a notebook cell executed on a batch node, and back to nothing left. In a real browser. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, openBrowser, shoot, signIn, stopFromHome } from './support/browser.ts'
import { runCell } from './support/notebook.ts'
import { openSite, type Site } from './support/site.ts'
import { typeInTerminal } from './support/terminal.ts'
import { isRunning, processesOfJob, routesOf } from './support/traces.ts'
import { until } from './support/until.ts'

const scontrol = (job: string): Record<string, string> =>
  Object.fromEntries(
    execFileSync('scontrol', ['show', 'job', '-o', job], { encoding: 'utf8' })
      .split(/\s+/)
      .flatMap((pair) => {
        const at = pair.indexOf('=')
        return at > 0 ? [[pair.slice(0, at), pair.slice(at + 1)]] : []
      }),
  )

/** Ids of this site's jobs that Slurm has not finished. */
const jobsOf = (instance: string): string[] =>
  execFileSync('squeue', ['-h', '-o', '%i %j'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([id, name]) => (id && name?.startsWith(`b${instance}`) ? [id] : []))

/** A second run, on another Slurm, needs no second base path. */
const { TEST_PROCTRACK, TEST_PRIVATE_SLURM } = process.env
const bases = (TEST_PROCTRACK ?? TEST_PRIVATE_SLURM) === undefined ? (['/', '/jupyter/'] as const) : (['/'] as const)

for (const base of bases) {
  const instance = base === '/' ? 'e2' : 'e3'
  describe(`the main job under ${base}`, () => {
    let site: Site
    let browser: Browser
    before(async () => {
      site = await openSite({ base, instance })
      browser = await openBrowser()
    })
    after(async () => {
      await browser?.close()
      await site?.[Symbol.asyncDispose]()
    })

    async function untilOpen(page: Page, user: string): Promise<void> {
      const isThere = (url: URL): boolean => url.pathname.startsWith(`${base}user/${user}/`)
      await page.waitForURL(isThere, { timeout: 90_000 })
    }

    for (const [profile, face] of [
      ['slurm-classic', 'classic'],
      ['slurm-lab', 'lab'],
    ] as const) {
      it(`runs a cell on Slurm as alice (${profile}), and leaves nothing behind`, async () => {
        const context = await signIn(browser, site, 'alice')
        const page = await context.newPage()
        await page.goto(`${site.url}hub/home`)
        if (base === '/') await shoot(page, `${profile}-1-home`)
        await page.goto(`${site.url}hub/spawn`)
        if (base === '/') await shoot(page, `${profile}-2-launch`)
        await launch(page, site, profile)
        if (base === '/') await shoot(page, `${profile}-3-waiting`)
        await untilOpen(page, 'alice')

        const [job = ''] = jobsOf(instance)
        const record = scontrol(job)
        assert.match(record.UserId ?? '', /^alice\(/)
        assert.equal(record.Partition, profile === 'slurm-lab' ? 'batch' : 'debug')
        assert.equal(record.NumCPUs, '2')
        assert.match(record.MinMemoryNode ?? '', profile === 'slurm-lab' ? /^3G$|^3072M$/ : /^2G$|^2048M$/)
        assert.equal(record.TimeLimit, profile === 'slurm-lab' ? '01:00:00' : '00:25:00')
        assert.equal(record.WorkDir, '/home/alice')

        assert.match(
          await runCell(page, face, 'import os, getpass; print(getpass.getuser(), os.environ["SLURM_JOB_ID"], 6*7)'),
          new RegExp(`alice ${job} 42`),
        )
        if (base === '/') await page.screenshot({ path: `test-output/shots/${profile}-4-notebook.png` })

        // The user's own srun and sbatch work inside: nothing of ours is in their way. (`$((…))` keeps the echo apart from the answer.)
        const printed = await typeInTerminal(
          page,
          `${base}user/alice/`,
          [
            "srun </dev/null sh -c 'echo step=$SLURM_STEP_ID node=$SLURMD_NODENAME'",
            'sbatch --time=1 --partition=debug --output=/dev/null --wrap=true',
            'echo done-$((40+2))',
          ],
          'done-42',
        )
        assert.match(printed, /step=0 node=n\d/)
        assert.match(printed, /Submitted batch job \d+/)

        // What is looked for after Stop is found before it, in the same way: job, processes, route, answer.
        const path = `${base}user/alice`
        assert.deepEqual(jobsOf(instance), [job])
        const programs = processesOfJob('slurm', job)
        assert(
          programs.some(({ argv }) => argv.join(' ').includes('ipykernel')),
          `the notebook's kernel is among ${programs.length} processes of the job`,
        )
        assert.deepEqual(await routesOf(site).then((routes) => routes.filter((route) => route.startsWith(path))), [
          path,
        ])
        const there = await context.request.get(`${site.url}user/alice/api/status`)
        assert.equal(there.status(), 200)

        await stopFromHome(page, site)
        await until('no job is left', () => jobsOf(instance).length === 0, 40_000)
        const left = (): number => processesOfJob('slurm', job).length + programs.filter(isRunning).length
        await until('no process is left', () => left() === 0, 40_000)
        await until('no route is left', async () => !(await routesOf(site)).some((route) => route.startsWith(path)))
        await until('the session is in the history', async () => {
          await page.goto(`${site.url}hub/history`)
          return /Stopped/.test(await page.locator('main').innerText())
        })
        if (base === '/') await shoot(page, `${profile}-5-history`)
        const gone = await page.goto(`${site.url}user/alice/api/status`)
        assert.equal(gone?.status(), 424)
        await context.close()
      })
    }
  })
}
