import {
  type Field,
  type Given,
  type LaunchForm,
  notOffered,
  type ProfileCard,
  withLabel,
} from '../profiles/launch-model.ts'
import { blanks, type JobPreview } from '../sessions/job-request.ts'
import { count, duration } from './format.ts'
import type { HubPaths } from './hub-paths.ts'
import { sizeWords } from './session-words.ts'
import { userOf } from './visitor.ts'
import type { WebContext, WebRoom } from './web-room.ts'

export interface LaunchPage {
  /** What to fill in; null for the first profile as the site offers it. */
  readonly given: Given | null
  readonly serverName: string
  /** What a new server shall be called; its name if absent. */
  readonly displayName?: string | null
  /** What was typed into the field for the name. */
  readonly typedName?: string
  /** The server is named in the form, not by the address. */
  readonly asksName: boolean
  readonly next: string | null
  /** Messages by field name, `profile` for the choice of profile. */
  readonly errors?: Readonly<Record<string, string>>
  readonly serverError?: string | null
  /** What stands in the way and belongs to no field. */
  readonly problem?: string
  readonly hint?: string | null
  /** What would be submitted as it stands. */
  readonly preview?: JobPreview | null
  readonly status?: number
}

/** Render the launch form: values kept, each error at its field and in the summary on top. */
export async function showLaunch(c: WebContext, room: WebRoom, page: LaunchPage): Promise<Response> {
  const { launcher, sessions, servers, paths, pages } = room
  const user = userOf(c)
  const titles = new Map((await servers.listOf(user.id)).map(({ name, displayName }) => [name, displayName]))
  const profiles = await launcher.list(user)
  const wanted = page.given === null ? null : await launcher.form(user, page.given.profile, page.given.fields)
  const first = profiles[0]
  const form = wanted ?? (first === undefined ? null : await launcher.form(user, first.key))
  const isGone = page.given !== null && wanted === null && page.given.profile !== ''
  const fields = (form?.fields ?? []).map((field) => fieldView(field, page.errors?.[field.name]))
  const problems = problemsOf(
    page,
    fields,
    isGone,
    profiles.map(({ key }) => key),
  )
  const defaultTaken = page.asksName && (await sessions.findActive(user.id, '')) !== null
  const query = page.next === null ? '' : `?next=${encodeURIComponent(page.next)}`
  const action = page.asksName ? `${paths.hub}spawn` : paths.spawn(user.name, page.serverName)
  return pages.show(c, {
    template: 'launch',
    title: 'Launch a session',
    nav: 'launch',
    status: page.status ?? 200,
    data: {
      profiles: profiles.map((profile) => profileView(profile, paths)),
      form: form === null ? null : { profile: form.profile, fields },
      summary: form === null ? null : summaryOf(form),
      action: action + query,
      heading:
        page.asksName || page.serverName === ''
          ? null
          : `For your server “${titles.get(page.serverName) ?? page.serverName}”.`,
      asks_name: page.asksName && servers.rules.isOn,
      server_name: page.typedName ?? titles.get(page.serverName) ?? page.serverName,
      server_error: page.serverError ?? null,
      default_taken: defaultTaken,
      problems,
      drained: page.problem === undefined ? room.drains.sentences() : [],
      problem_title: problemTitle(page, problems.length),
      hint: page.hint ?? null,
      preview: page.preview
        ? { command: page.preview.command.map(shellWord).join(' '), script: page.preview.script }
        : null,
      blanks,
    },
  })
}

/** As somebody would type it. It is shown, and never given to a shell. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

const whereOf = ({ cluster, place }: ProfileCard) => (place === null ? cluster : `${cluster}, ${place}`)

/** One profile as a card: its size in one line, and the link that fills the form in. */
export function profileView(profile: ProfileCard, paths: HubPaths) {
  const { key, title, description, resources, place, cluster } = profile
  return {
    key,
    title,
    description,
    size: `${sizeWords(resources)}, ${duration(resources.wallSeconds)} on ${place ?? cluster}`,
    url: `${paths.hub}spawn?profile=${encodeURIComponent(key)}`,
  }
}

function fieldView(field: Field, message: string | undefined) {
  const error = message ?? field.error
  const described = [error === null ? '' : `f-${field.name}-e`, field.hint === null ? '' : `f-${field.name}-h`]
  return { ...field, error, describedby: described.filter(Boolean).join(' ') || null }
}

interface Problem {
  readonly text: string
  /** Id of the control. */
  readonly anchor: string | null
}

function problemsOf(
  page: LaunchPage,
  fields: readonly ReturnType<typeof fieldView>[],
  isGone: boolean,
  keys: readonly string[],
): Problem[] {
  const problems: Problem[] = []
  if (page.problem !== undefined) problems.push({ text: page.problem, anchor: null })
  else if (isGone) problems.push({ text: notOffered(page.given?.profile ?? '', keys), anchor: null })
  for (const { name, label, error } of fields)
    if (error !== null) problems.push({ text: withLabel(label, error), anchor: `f-${name}` })
  // An error of a field that the form does not have (any more) still must be seen.
  for (const [name, text] of Object.entries(page.errors ?? {}))
    if (!fields.some((field) => field.name === name) && !(isGone && name === 'profile'))
      problems.push({ text, anchor: null })
  if (page.serverError) problems.push({ text: `Name: ${page.serverError}`, anchor: 'f-_server' })
  return problems
}

function problemTitle({ problem }: LaunchPage, n: number): string {
  if (problem !== undefined) return 'Nothing was started.'
  return `Nothing was started: ${count(n, 'value does', 'values do')} not fit.`
}

const summaryOf = ({ profile, resources }: LaunchForm) => ({
  where: whereOf(profile),
  size: sizeWords(resources),
  time: duration(resources.wallSeconds),
})
