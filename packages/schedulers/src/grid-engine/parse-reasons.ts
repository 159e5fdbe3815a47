import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { readXml, type XmlElement } from '../read-xml.ts'
import { wordsOf } from './answer.ts'

/**
 * Read `qstat -j ID,… -xml`: why jobs are in an error state. A job that is gone meanwhile is not in the answer; if all are, the answer is
 * another document.
 * @throws {SchedulerError} `unavailable`, `unreadable`
 */
export function parseReasons({ exitCode, stdout, stderr }: Output): ReadonlyMap<JobId, string> {
  if (exitCode !== 0)
    throw new SchedulerError('unavailable', wordsOf(stderr) || `qstat ended with exit code ${exitCode}`)
  // Several ids of which none is known: elements without a name, which is no XML.
  if (/^\s*<\?xml\b[^>]*>\s*<unknown_jobs\b/.test(stdout)) return new Map()
  const document = readXml(stdout)
  if (document?.name !== 'detailed_job_info')
    throw new SchedulerError('unreadable', 'qstat printed something that tells of no job')
  const reasons = new Map<JobId, string>()
  for (const job of descend([document], 'djob_info', 'element')) {
    const number = descend([job], 'JB_job_number')[0]?.text.trim() ?? ''
    const messages = descend([job], 'JB_ja_tasks', '*', 'JAT_message_list', '*', 'QIM_message')
    const sentences = [...new Set(messages.map(({ text }) => toSentence(text)))].filter((text) => text !== '')
    if (/^\d{1,10}$/.test(number) && sentences.length > 0) reasons.set(toJobId(number), sentences.join(' '))
  }
  return reasons
}

const descend = (from: readonly XmlElement[], ...path: readonly string[]): readonly XmlElement[] =>
  path.reduce<readonly XmlElement[]>(
    (elements, name) =>
      elements.flatMap(({ children }) => children.filter((child) => name === '*' || child.name === name)),
    from,
  )

/** `11/23/2026 04:23:22 [1001:1094528]: error: can't chdir to /x: No such file or directory` → `Can't chdir to /x: No such file or directory.` */
function toSentence(message: string): string {
  const words = message
    .replace(/^\s*\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d(?:\.\d+)?\s*(?:\[\d+:\d+\])?\s*:?\s*/, '')
    .replace(/^error: /, '')
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .trim()
    .slice(0, 500)
  if (words === '') return ''
  return `${words[0]?.toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`
}
