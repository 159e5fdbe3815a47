import { asctime } from '../../pbs/testing-emulator/schedule.ts'
import { foldAttribute } from '../../testing-emulator/fold-attribute.ts'
import { type Attribute, attributesOf } from './attributes.ts'
import type { TorqueJob } from './job-table.ts'

export interface PrintedJob {
  readonly job: TorqueJob
  readonly element?: number
}

/** `qstat -x`: one line of XML after its declaration. */
export function printXml(jobs: readonly PrintedJob[]): string {
  const records = jobs.map(({ job, element }) => `<Job>${attributesOf(job, element).map(inXml).join('')}</Job>`)
  return `<?xml version="1.0"?>\n<Data>${records.join('')}</Data>\n`
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '')

function inXml({ name, value }: Attribute): string {
  const inner =
    typeof value === 'object'
      ? value.map(([key, text]) => `<${key}>${escaped(text)}</${key}>`).join('')
      : escaped(String(value))
  return `<${name}>${inner}</${name}>`
}

/** `qstat -f`. */
export const printText = (jobs: readonly PrintedJob[]): string =>
  jobs
    .map(({ job, element }) => {
      const [id, ...attributes] = attributesOf(job, element)
      return `Job Id: ${id?.value}\n${attributes.flatMap(inText).join('')}\n`
    })
    .join('')

function inText({ name, value }: Attribute): string[] {
  if (typeof value === 'object') return value.map(([key, text]) => folded(`${name}.${key}`, text))
  return [folded(name, typeof value === 'number' ? asctime(value) : value)]
}

/** One attribute as the real one folds it. */
export const folded = (name: string, value: string): string => foldAttribute(name, value, 78)
