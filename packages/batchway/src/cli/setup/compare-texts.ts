/**
 * How one text differs from another, line by line: `- ` what only the first has, `+ ` what only the second has, in their order.
 * Short files of some dozen lines, so the plain table of longest common subsequences will do.
 */
export function compareTexts(found: string, wanted: string): readonly string[] {
  if (found === wanted) return []
  const [a, b] = [found.split('\n'), wanted.split('\n')]
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  const common = (i: number, j: number): number => table[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i]
      if (row) row[j] = a[i] === b[j] ? common(i + 1, j + 1) + 1 : Math.max(common(i + 1, j), common(i, j + 1))
    }
  const differences: string[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++
      j++
    } else if (j >= b.length || (i < a.length && common(i + 1, j) >= common(i, j + 1))) differences.push(`- ${a[i++]}`)
    else differences.push(`+ ${b[j++]}`)
  }
  return differences
}
