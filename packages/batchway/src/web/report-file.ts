/** A report as a page that stands by itself: for files and mail. Nothing in it is asked for elsewhere, and nothing in it runs. */
import { html, raw } from 'hono/html'
import type { Column } from '../report/columns.ts'
import type { Report, ReportRow } from '../report/report.ts'
import { footWords } from '../report/report-words.ts'
import { timeWords } from './format.ts'
import { type Order, periodWords, reportTable, reportTiles } from './report-view.ts'

const style = `
:root { color-scheme: light dark }
body { margin: 2rem auto; max-width: 74rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: #1a2029; background: #fff }
h1 { font-size: 24px; margin: 0 } p { margin: .3rem 0; color: #4f5967; font-size: 13px }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.5rem 0 } dt, dd.sub { font-size: 13px; color: #4f5967; font-weight: 400 } dd { margin: 0; font-size: 24px; font-weight: 600; line-height: 1.3 }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { padding: .5rem .75rem; text-align: start; border-bottom: 1px solid #dce0e6; white-space: nowrap } .num { text-align: end } thead th { font-size: 12px; color: #4f5967 } tfoot > tr > * { font-weight: 600; border-top: 1px solid #7d8795 }
@media (prefers-color-scheme: dark) { body { color: #e7eaef; background: #191f27 } p, dt, dd.sub, thead th { color: #a9b3c0 } th, td { border-bottom-color: #303a46 } }
`

export interface ReportFile {
  readonly report: Report
  /** In the order in which they are shown. */
  readonly rows: readonly ReportRow[]
  readonly columns: readonly Column[]
  readonly order: Order
  readonly siteName: string
}

export async function reportFile({ report, rows, columns, order, siteName }: ReportFile): Promise<string> {
  const table = reportTable(report, rows, columns, order, () => null)
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Nightly report · ${siteName}</title><style>${raw(style)}</style></head>
<body><main>
<h1>Nightly report</h1><p>${siteName}. ${periodWords(report, timeWords(report.timeZone))}</p>
<dl>${reportTiles(report).map(({ title, value, sub }) => html`<div><dt>${title}</dt><dd>${value}</dd><dd class="sub">${sub}</dd></div>`)}</dl>
<div class="scroll" tabindex="0" role="region" aria-label="Table of starts"><table>
<thead><tr>${table.heads.map(({ title, is_number }) => html`<th scope="col" class="${is_number ? 'num' : ''}">${title}</th>`)}</tr></thead>
<tbody>${table.rows.map(
    (row) =>
      html`<tr>${row.map(({ text, is_number }, index) => (index === 0 ? html`<th scope="row"><bdi>${text}</bdi></th>` : html`<td class="${is_number ? 'num' : ''}">${text}</td>`))}</tr>\n`,
  )}</tbody>
<tfoot><tr>${table.sums.map((sum, index) => (index === 0 ? html`<th scope="row">${sum}</th>` : html`<td class="num">${sum}</td>`))}</tr></tfoot>
</table></div>
${footWords(report).map((words) => html`<p>${words}</p>`)}
</main></body></html>
`
  return String(await page)
}
