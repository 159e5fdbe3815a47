/** Tables as files (RFC 4180). Pure. */

/** What a spreadsheet would compute is shown instead: names come from elsewhere. */
const looksLikeFormula = /^[=+\-@\t\r]/

function cell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = looksLikeFormula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export const csvText = (rows: Iterable<readonly (string | number | null)[]>): string =>
  [...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')

export const csvHeaders = (name: string): Record<string, string> => ({
  'Content-Type': 'text/csv; charset=utf-8; header=present',
  'Content-Disposition': `attachment; filename="${name}.csv"`,
})
