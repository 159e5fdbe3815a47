/** Whose work a release carries, and under which words: made from the lock file and the packages themselves. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLicence, type ProductionPackage } from './production-packages.ts'

/** Some packages name the licence and leave its text out. @see https://spdx.org/licenses/MIT.html */
const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

interface Manifest {
  readonly author?: string | { readonly name?: string }
  readonly repository?: string | { readonly url?: string }
}

const authorOf = ({ author }: Manifest): string => (typeof author === 'string' ? author : author?.name) ?? 'its authors'

/** @throws {Error} for a package with neither a text of its own nor one that we know: whoever adds it must look. */
export function thirdParty(root: string, packages: readonly ProductionPackage[]): string {
  const missing: string[] = []
  const lines = packages.map(({ name, version, licence, path }) => {
    const [text] = readdirSync(join(root, path)).filter(isLicence).sort()
    const head = `${`${name} ${version}`.padEnd(42)} ${licence}`
    if (text !== undefined) return `${head.padEnd(54)} lib/${path}/${text}`
    if (licence !== 'MIT') throw new Error(`${name} says ${licence || 'nothing of its licence'} and carries no text`)
    const manifest: Manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
    missing.push(`${name}: Copyright (c) ${authorOf(manifest)}`)
    return `${head.padEnd(54)} below`
  })
  return `What this release carries beside Batchway itself (BSD-3-Clause, see LICENSE): name, licence, where its text is.

${lines.join('\n')}

These name the MIT licence and carry no text of it:

${missing.join('\n')}

${mit}`
}
