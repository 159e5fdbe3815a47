/** What to ask for next time, where the same request would end the same way. */

import type { User } from '../people/people.ts'
import type { Launcher } from '../profiles/launch-model.ts'
import type { OutcomeCode, Session } from '../sessions/session.ts'
import { duration, memory } from './format.ts'

/** A form that is filled in; nothing starts before its button is pressed. */
export interface Suggestion {
  /** `24 GB instead of 16 GB` */
  readonly title: string
  readonly why: string
  readonly button: string
  readonly field: string
  readonly value: string
}

export interface RelaunchAdvice {
  readonly suggestion: Suggestion | null
  /** Why there is none although it would help. */
  readonly instead: string | null
}

interface Wish {
  readonly field: string
  of(resources: Session['spec']['resources']): number
  wanted(had: number): number
  /** As a form of ours reads it. */
  write(value: number): string
  say(value: number): string
  readonly what: string
}

const wishes: Partial<Readonly<Record<OutcomeCode, Wish>>> = {
  'out-of-memory': {
    field: 'memory',
    of: ({ memoryMiB }) => memoryMiB,
    wanted: (had) => roundUp(had * 1.5, had < 1024 ? 128 : had < 8192 ? 512 : had < 65_536 ? 1024 : 4096),
    write: (mebibytes) => String(Number((mebibytes / 1024).toFixed(4))),
    say: memory,
    what: 'more memory',
  },
  walltime: {
    field: 'walltime',
    of: ({ wallSeconds }) => wallSeconds,
    wanted: (had) => roundUp(had * 2, had < 1800 ? 300 : 1800),
    write: (seconds) => `${Math.floor(seconds / 3600)}:${String(Math.round(seconds / 60) % 60).padStart(2, '0')}`,
    say: duration,
    what: 'more time',
  },
}

/** Fields that a suggestion may fill in, over what the session had. */
export const suggestedFields: readonly string[] = Object.values(wishes).map(({ field }) => field)

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step

/** @returns null where asking for the same again is as good as anything. The profile itself says what fits. */
export async function adviseRelaunch(
  launcher: Pick<Launcher, 'recall' | 'form'>,
  user: User,
  { facts, spec, readyAt, endedAt }: Session,
): Promise<RelaunchAdvice | null> {
  if (facts.state !== 'ended') return null
  const wish = wishes[facts.outcome.code]
  if (wish === undefined) return null
  const none = (instead: string): RelaunchAdvice => ({ suggestion: null, instead })
  const had = wish.of(spec.resources)
  const given = await launcher.recall(user, spec)
  if (given === null) return none('Its profile is not offered any more: choose another one.')
  const form = await launcher.form(user, given.profile, given.fields)
  const field = form?.fields.find(({ name }) => name === wish.field)
  if (field === undefined)
    return none(`This profile always has ${wish.say(had)}: choose another one if you need ${wish.what}.`)
  for (const value of [wish.write(wish.wanted(had)), field.max]) {
    if (value === null) continue
    const filled = await launcher.form(user, given.profile, { ...given.fields, [wish.field]: value })
    if (filled === null || filled.fields.some(({ error }) => error !== null)) continue
    const more = wish.of(filled.resources)
    if (more <= had) continue
    const after = readyAt === null || endedAt === null ? '' : ` after ${duration((endedAt - readyAt) / 1000)}`
    return {
      instead: null,
      suggestion: {
        title: `${wish.say(more)} instead of ${wish.say(had)}`,
        why: wish.field === 'memory' ? `It reached ${wish.say(had)}${after}.` : `Its ${wish.say(had)} were used up.`,
        button: `Relaunch with ${wish.say(more)}`,
        field: wish.field,
        value,
      },
    }
  }
  return none(`${wish.say(had)} is the most that this profile gives: choose another one if you need ${wish.what}.`)
}
