/** The questions of `init --interactive`: what was chosen stands in brackets, Enter takes it. Pure but for `ask`. */
import type { Asked, Choices } from './choices.ts'
import { schedulerKinds } from './find-schedulers.ts'

/** @returns what was typed, without blanks around it; empty for Enter. */
export type Ask = (question: string) => Promise<string>

interface Question {
  readonly title: string
  readonly initial: (choices: Choices) => string
  /** @returns the answer put into what is asked for, or words for what to write instead. */
  readonly take: (asked: Asked, text: string) => Asked | string
}

const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:\/\//.test(text)
const isName = (text: string): boolean => /^[A-Za-z_][\w.@-]{0,99}$/.test(text)

const questions: readonly Question[] = [
  {
    title: 'Batch systems to use (several with commas, or "local" for this host alone)',
    initial: ({ schedulers }) => schedulers.used.map(({ kind }) => kind).join(',') || 'local',
    take: (asked, text) => {
      const names = text.split(/[\s,]+/).filter(Boolean)
      const known = names.flatMap((name) => [...schedulerKinds, 'local' as const].filter((kind) => kind === name))
      return known.length === names.length && known.length > 0
        ? { ...asked, schedulers: known }
        : `write some of ${[...schedulerKinds, 'local'].join(', ')}`
    },
  },
  {
    title: 'Web server before it (apache, nginx, caddy or none)',
    initial: ({ front }) => front?.server ?? 'none',
    take: (asked, text) => {
      const found = (['apache', 'nginx', 'caddy', 'none'] as const).find((name) => name === text)
      return found === undefined ? 'write apache, nginx, caddy or none' : { ...asked, front: found }
    },
  },
  {
    title: 'Address that people type',
    initial: ({ url }) => url,
    take: (asked, text) =>
      isUrl(text) ? { ...asked, url: text } : 'write a full address such as "https://hpc.example.edu/jupyter/"',
  },
  {
    title: 'Folder for what jobs run, as compute nodes see it',
    initial: ({ agent }) => agent.folder,
    take: (asked, text) =>
      /^\/[\w./+-]+$/.test(text) ? { ...asked, agent: text } : 'write an absolute path such as "/shared/apps/batchway"',
  },
  {
    title: 'Group of those who may use it',
    initial: ({ group }) => group,
    take: (asked, text) => (isName(text) ? { ...asked, group: text } : 'write the name of a group'),
  },
  {
    title: 'Administrators (names with commas, or "none")',
    initial: ({ admins }) => admins.join(',') || 'none',
    take: (asked, text) => {
      const names = text === 'none' ? [] : text.split(/[\s,]+/).filter(Boolean)
      return names.every(isName) ? { ...asked, admins: names } : 'write names of users'
    },
  },
]

/**
 * @param chooseNow what would be chosen from the answers so far; its refusals are told, and the question asked again.
 * @returns what was asked for, complete.
 */
export async function askChoices(
  asked: Asked,
  chooseNow: (asked: Asked) => Choices,
  ask: Ask,
  say: (words: string) => void,
): Promise<Asked> {
  let answers = asked
  for (const { title, initial, take } of questions) {
    for (;;) {
      const proposal = initial(chooseNow(answers))
      const text = (await ask(`${title} [${proposal}]: `)).trim()
      if (text === '') break
      const taken = take(answers, text)
      if (typeof taken === 'string') {
        say(taken)
        continue
      }
      try {
        chooseNow(taken)
      } catch (error) {
        say(error instanceof Error ? error.message : String(error))
        continue
      }
      answers = taken
      break
    }
  }
  return answers
}
