import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reportOfStarts } from '../report/read-events.ts'
import type { ReportQuery } from '../report/report.ts'
import type { Start } from '../report/start.ts'
import type { Reports } from './report-page.ts'
import { makeUser, noon } from './testing/fake-rooms.ts'
import { foundingStarts as founding } from './testing/founding-starts.ts'
import { webBench } from './testing/web-bench.ts'

async function bench(starts: readonly Start[] = founding) {
  const asked: ReportQuery[] = []
  const reports: Reports = {
    clusters: ['larch', 'mesabim3'],
    async make(query) {
      asked.push(query)
      return reportOfStarts(starts, query, noon)
    },
  }
  const made = webBench({ base: '/jupyter/', reports })
  made.users.set('bob', { ...makeUser(2, 'bob'), isAdmin: true })
  const admin = await made.signedIn('bob')
  const page = async (query: Record<string, string> = {}) => {
    const search = new URLSearchParams(query)
    const answer = await admin.get(`/jupyter/hub/admin/report${search.size > 0 ? `?${search}` : ''}`)
    return { answer, text: await answer.text() }
  }
  return { ...made, asked, admin, alice: await made.signedIn('alice'), page }
}
const iso = (at: number | undefined): string => new Date(at ?? 0).toISOString()
const rowsOf = (text: string): string[] =>
  [...text.matchAll(/<th scope="row"><bdi>([^<]*)</g)].map(([, name = '']) => name)

describe('the page of the report', () => {
  it('shows yesterday to an administrator, in the talk’s columns', async () => {
    const { page, asked } = await bench()
    const { answer, text } = await page()
    assert.equal(answer.status, 200)
    assert.deepEqual(
      [iso(asked[0]?.period.from), iso(asked[0]?.period.to)],
      ['2026-11-17T23:00:00.000Z', '2026-11-18T23:00:00.000Z'],
    )
    assert.deepEqual(rowsOf(text), ['balc0022', 'yminato', 'jj'])
    const cells = [...text.matchAll(/<td class="num">(?:<strong>)?([^<]*)/g)].map(([, cell = '']) => cell)
    assert.deepEqual(cells.slice(0, 4), ['26', '1', '46.565667', '117.146'])
    for (const words of ['ram256g@mesabim3', '1:ppn=12', '40', '85.0 %; 3 were cancelled', '7.5 %: 3 in the queue'])
      assert.ok(text.includes(words), words)
    assert.match(text, /on Wed 18 Nov 2026/)
  })

  it('takes a period, a cluster, other rows and an order, and keeps them in every link', async () => {
    const { page, asked } = await bench()
    const given = {
      from: '2026-11-01',
      to: '2026-11-19',
      by: 'profile',
      cluster: 'mesabim3',
      columns: 'all',
      sort: 'profile',
    }
    const { text } = await page(given)
    assert.deepEqual(asked[0]?.by, 'profile')
    assert.equal(asked[0]?.cluster, 'mesabim3')
    assert.equal(iso(asked[0]?.period.from), '2026-10-31T23:00:00.000Z')
    assert.deepEqual(rowsOf(text), ['mesabi128gb', 'mesabi2c4g12h'])
    assert.match(text, /aria-sort="ascending"><a href="[^"]*sort=-profile"/)
    for (const [, url = ''] of text.matchAll(/href="\/jupyter\/hub\/admin\/report\?([^"]*)"/g)) {
      const query = new URLSearchParams(url.replaceAll('&amp;', '&'))
      assert.equal(query.get('by'), 'profile')
      assert.equal(query.get('cluster'), 'mesabim3')
      assert.equal(query.get('columns'), 'all')
    }
    assert.match(text, /<option selected>mesabim3<\/option>/)
    assert.match(text, /ready in 5 min/)
  })

  it('gives the same rows as CSV and JSON', async () => {
    const { page } = await bench()
    const csv = await page({ format: 'csv', sort: 'username' })
    assert.equal(csv.answer.headers.get('content-disposition'), 'attachment; filename="report-2026-11-18.csv"')
    assert.match(csv.answer.headers.get('content-type') ?? '', /^text\/csv/)
    assert.equal(csv.text.split('\r\n')[1], 'balc0022,26,1,46.565667,117.146,ram256g@mesabim3,125gb,4:00:00,1:ppn=12')
    const json = await page({ format: 'json' })
    assert.equal(JSON.parse(json.text).rows[0].username, 'balc0022')
  })

  it('turns pages, and shows the last one for one that is not there', async () => {
    const [one] = founding
    assert.ok(one)
    const many = Array.from({ length: 250 }, (_, n) => ({
      ...one,
      id: `m${n}`,
      user: `user${String(n).padStart(3, '0')}`,
    }))
    const { page } = await bench(many)
    const first = await page({ sort: 'username' })
    assert.equal(rowsOf(first.text).length, 100)
    assert.match(first.text, /1–100 of 250/)
    assert.match(first.text, /href="[^"]*page=2">Next page/)
    assert.doesNotMatch(first.text, /Page before/)
    const last = await page({ sort: 'username', page: '999' })
    assert.equal(rowsOf(last.text).at(-1), 'user249')
    assert.match(last.text, /201–250 of 250/)
    assert.match(last.text, /250 people/)
    // Downloads have all of them.
    assert.equal((await page({ format: 'csv', page: '2' })).text.trim().split('\r\n').length, 251)
  })

  it('says what it cannot read, keeps it in the form, and shows yesterday', async () => {
    const { page } = await bench()
    const { answer, text } = await page({ from: '31.12.2026"><script>', format: 'csv' })
    assert.equal(answer.status, 422)
    assert.match(text, /role="alert"/)
    assert.match(text, /The period cannot be read: from: write 2026-01-31/)
    assert.doesNotMatch(text, /<script>/)
    assert.deepEqual(rowsOf(text), ['balc0022', 'yminato', 'jj'])
  })

  it('shows hostile names as text, here and in downloads', async () => {
    const [one] = founding
    assert.ok(one)
    const hostile = '=cmd|"/c calc"!A1<script>alert(1)</script>'
    const { page } = await bench([{ ...one, user: hostile, asked: { ...one.asked, queue: hostile } }])
    assert.doesNotMatch((await page({ cluster: '"><script>' })).text, /<script>/)
    assert.doesNotMatch((await page()).text, /<script>alert/)
    assert.match((await page({ format: 'csv' })).text, /^"'=cmd/m)
    assert.equal((await page({ format: 'json' })).answer.headers.get('content-type'), 'application/json')
  })

  it('says so where nobody asked for anything', async () => {
    const { page } = await bench([])
    assert.match((await page()).text, /Nobody asked for a start/)
  })

  it('is for administrators: others are refused, and do not find its link', async () => {
    const { admin, alice, browser } = await bench()
    assert.equal((await alice.get('/jupyter/hub/admin/report')).status, 403)
    assert.equal((await alice.get('/jupyter/hub/admin/report?format=csv')).status, 403)
    assert.equal((await browser().get('/jupyter/hub/admin/report')).status, 303)
    const link = /href="\/jupyter\/hub\/admin\/report"/
    assert.match(await (await admin.get('/jupyter/hub/home')).text(), link)
    assert.doesNotMatch(await (await alice.get('/jupyter/hub/home')).text(), link)
  })
})
