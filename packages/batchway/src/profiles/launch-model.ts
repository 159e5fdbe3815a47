/**
 * What the launch page needs to know of profiles, as a plain interface: the profiles room satisfies it, tests fake it.
 */
import type { Resources } from '@batchway/schedulers'
import type { Spec } from './spec.ts'

/** One choice among the profiles, as a card. */
export interface ProfileCard {
  readonly key: string
  readonly title: string
  readonly description: string | null
  /** Title of the application, e.g. `JupyterLab`. */
  readonly application: string
  /** Title of the cluster. */
  readonly cluster: string
  /** Partition or queue, if the profile names one. */
  readonly place: string | null
  /** What it asks for if nothing is changed. */
  readonly resources: Resources
}

export type FieldKind = 'integer' | 'memory' | 'duration' | 'choice' | 'text'

/** One field of the chosen profile's form. Values are text as the user typed them, so that a wrong one can be shown again. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly kind: FieldKind
  readonly value: string
  /** Limits in the field's own unit; null where there is none. */
  readonly min: string | null
  readonly max: string | null
  /** Shown beside the control: `GB`, `hours:minutes`. */
  readonly unit: string | null
  /** For `choice`. */
  readonly choices: readonly { readonly value: string; readonly label: string }[]
  /** The range and why. */
  readonly hint: string | null
  /** What is wrong and what fits. */
  readonly error: string | null
}

export interface LaunchForm {
  readonly profile: ProfileCard
  /** What would be asked for with the values as they stand (the profile's own where a value is wrong). */
  readonly resources: Resources
  readonly fields: readonly Field[]
}

/** What someone asks for: the shape that is remembered as a user's last choice. */
export interface Given {
  readonly profile: string
  readonly fields: Readonly<Record<string, string>>
}

/** What profiles need to know of someone. */
export interface Person {
  readonly name: string
  readonly isAdmin: boolean
  readonly groups: readonly string[]
  /** What the sign-in told; absent: nothing. */
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

export interface Launcher {
  /** Profiles this user may start, in the site's order. */
  list(user: Person): Promise<readonly ProfileCard[]>
  /**
   * The form of one profile. With `fields` the values are those, and wrong ones carry their error; names that it does not have are left out.
   * @returns null for a profile that does not exist or that this user may not start.
   */
  form(user: Person, profileKey: string, fields?: Readonly<Record<string, string>>): Promise<LaunchForm | null>
  /** @throws {InvalidChoices} if a value does not fit, a name is not one of its fields, or the profile is not offered to this user. */
  choose(user: Person, given: Given): Promise<Spec>
  /** What to ask for to get the same session again. @returns null if the profile is not offered any more. */
  recall(user: Person, spec: Spec): Promise<Given | null>
}

/** The same words wherever somebody asks for a profile that is not there for them. */
export const notOffered = (key: string, offered: readonly string[]): string =>
  offered.length === 0
    ? 'No profile is offered to you.'
    : `The profile ${JSON.stringify(key.slice(0, 64))} is not offered to you. Choose one of: ${offered.join(', ')}.`

/** `Cores: 9 cores is more than …`: how a message stands where no field is beside it. */
export const withLabel = (label: string | undefined, message: string): string =>
  label === undefined ? message : `${label}: ${message}`

/** The values do not fit: one message per field name; the name `profile` stands for the choice of profile. */
export class InvalidChoices extends Error {
  readonly errors: Readonly<Record<string, string>>
  /** @param labels of the fields that have one, by name: the form shows them beside the field, the message holds them. */
  constructor(errors: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}) {
    super(
      Object.entries(errors)
        .map(([name, message]) => withLabel(Object.hasOwn(labels, name) ? labels[name] : undefined, message))
        .join(' '),
    )
    this.name = 'InvalidChoices'
    this.errors = errors
  }
}
