import { type JobRequest, SchedulerError } from './driver.ts'
import { isAccountName } from './transport.ts'

/**
 * Refuse a job whose fields could mean something else to a scheduler than what they say: control characters anywhere, a name that is
 * no tag, relative paths, amounts that are not whole and positive. The last door before argv; callers have checked already.
 * @throws {SchedulerError} `refused`
 */
export function checkJob(job: JobRequest): void {
  const wrong = [...findProblems(job)]
  if (wrong.length > 0) throw new SchedulerError('refused', `not a job to submit: ${wrong.join('; ')}`)
}

function* findProblems({
  name,
  account,
  script,
  resources,
  workdir,
  outputPath,
  options,
}: JobRequest): Iterable<string> {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,14}$/.test(name)) yield 'its name is not 1–15 letters, digits and "-", letter first'
  if (!isAccountName(account)) yield 'its account is not a login name'
  if (!script.startsWith('#!/')) yield 'its script does not begin with "#!/"'
  if (script.includes('\0')) yield 'its script holds a NUL character'
  for (const [field, path] of Object.entries({ workdir, outputPath }))
    if (!path.startsWith('/')) yield `its ${field} is not an absolute path`
  const { cores, memoryMiB, gpus, wallSeconds, gpuType } = resources
  for (const [field, amount] of Object.entries({ cores, memoryMiB, wallSeconds }))
    if (!Number.isSafeInteger(amount) || amount < 1) yield `${field} is not a whole number above 0`
  if (!Number.isSafeInteger(gpus) || gpus < 0) yield 'gpus is not a whole number'
  if (gpuType !== undefined && !/^[A-Za-z0-9][\w.-]{0,63}$/.test(gpuType)) yield 'gpuType is not a plain word'
  for (const [field, value] of Object.entries({ workdir, outputPath, options }))
    if (holdsControlCharacter(value)) yield `its ${field} holds a control character`
}

function holdsControlCharacter(value: unknown): boolean {
  if (typeof value === 'string') return /[\x00-\x1f\x7f\u2028\u2029]/.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, one]) => holdsControlCharacter(key) || holdsControlCharacter(one))
}
