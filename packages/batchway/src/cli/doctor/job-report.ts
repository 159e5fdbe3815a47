/** What the probe job found on its node: `name=value` lines that its script writes (`probe-script.ts`). */

export type HomeState = 'ok' | 'missing' | 'full' | 'read-only' | 'not-writable'
const homeStates: readonly string[] = ['ok', 'missing', 'full', 'read-only', 'not-writable']

/** How the hub answered the job. */
export interface HubAnswer {
  /** What asked: the agent's runtime, or `bash` where that does not start. `none`: nothing there could ask. */
  readonly by: 'node' | 'bash' | 'none'
  /** HTTP status; null if there was no answer. */
  readonly status: number | null
  /** `X-Batchway-Version` of the answer; null if it was not our hub. */
  readonly version: string | null
  /** `X-Batchway-Site` of the answer: which hub it was. */
  readonly site: string | null
  /** ECONNREFUSED, ENOTFOUND, ETIMEDOUT…, or bash's own words. */
  readonly error: string | null
  /** What the name of the hub stands for on the node. */
  readonly address: string | null
}

export interface JobReport {
  /** False for the first report: the applications have not been looked at yet. */
  readonly isComplete: boolean
  /** Unix seconds on the node, when the script began. */
  readonly clock: number | null
  readonly host: string
  readonly user: string
  readonly home: string
  readonly homeState: HomeState
  readonly libc: string
  readonly machine: string
  readonly seesAgent: boolean
  /** Version of the runtime, or why it does not start. */
  readonly runtime: { readonly starts: boolean; readonly words: string }
  readonly hasModules: boolean
  /** Names of proxy variables that are set; their values may hold passwords and never leave the node. */
  readonly proxies: readonly string[]
  /** Does no_proxy name the hub's host? */
  readonly isHubExempt: boolean
  readonly hub: HubAnswer
  /** Key of an application → `ok PATH`, `missing`, `module NAME`, `prologue`. */
  readonly applications: ReadonlyMap<string, string>
}

/** Longest text of a value; the script cuts there, too. */
const longest = 400
/** A report is a few hundred bytes. More is not ours. */
export const maxReportBytes = 16_384

/** @returns null for text that is no report. Unknown names are ignored: an older script may say more or less. */
export function parseJobReport(text: string): JobReport | null {
  const values = new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf('=')
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1, at + 1 + longest)]] : []
    }),
  )
  if (values.get('batchway-doctor') !== '1') return null
  const text_ = (name: string): string => values.get(name) ?? ''
  const orNull = (name: string): string | null => values.get(name) || null
  const number = (name: string): number | null => (/^\d{1,12}$/.test(text_(name)) ? Number(text_(name)) : null)
  const home = text_('home-state')
  const by = text_('hub.by')
  return {
    isComplete: text_('complete') === '1',
    clock: number('clock'),
    host: text_('host'),
    user: text_('user'),
    home: text_('home'),
    homeState: homeStates.includes(home) ? (home as HomeState) : 'not-writable',
    libc: text_('libc'),
    machine: text_('machine'),
    seesAgent: text_('agent') === '1',
    runtime: { starts: text_('runtime-starts') === '1', words: text_('runtime') },
    hasModules: text_('modules') === '1',
    proxies: text_('proxies').split(' ').filter(Boolean),
    isHubExempt: text_('hub-exempt') === '1',
    hub: {
      by: by === 'node' || by === 'bash' ? by : 'none',
      status: number('hub.status'),
      version: orNull('hub.version'),
      site: orNull('hub.site'),
      error: orNull('hub.error'),
      address: orNull('hub.address'),
    },
    applications: new Map(
      [...values].flatMap(([name, value]) => (name.startsWith('app.') ? [[name.slice('app.'.length), value]] : [])),
    ),
  }
}

const mark = 'batchway-doctor:'

/** The report in what a job wrote: the last marked word, base64 so that no scheduler changes it on the way. */
export function findReport(text: string): JobReport | null {
  const [, encoded] = [...text.matchAll(/batchway-doctor:([A-Za-z0-9+/=]{1,22000})/g)].at(-1) ?? []
  return encoded === undefined ? null : parseJobReport(Buffer.from(encoded, 'base64').toString('utf8'))
}

export const reportMark = mark
