/** From an identity to a user of the gateway, or to a refusal: the same steps for every way to sign in. */
import type { Identity } from './login.ts'
import type { People, User } from './people.ts'
import { parseUserName } from './user-name.ts'

/** What would become of an identity, and why: nobody is signed in by asking. */
export interface Examined {
  readonly decision:
    | { readonly kind: 'admitted'; readonly name: string }
    /** `words` are for the person: they tell no stranger who exists or is blocked. */
    | { readonly kind: 'refused'; readonly words: string }
  /** One line for each step, for administrators. */
  readonly trail: readonly string[]
}

export type Admitted = { readonly user: User } | { readonly refused: string }

export interface Admission {
  examine(identity: Identity): Promise<Examined>
  /** Find or make the user that an identity stands for. */
  admit(identity: Identity): Promise<Admitted & { readonly trail: readonly string[] }>
}

export function openAdmission(people: Pick<People, 'ensureUser'>): Admission {
  async function examine({ subject }: Identity): Promise<Examined> {
    const parsed = parseUserName(subject)
    if ('refused' in parsed)
      return { decision: { kind: 'refused', words: parsed.refused }, trail: [`refused: ${parsed.refused}`] }
    return { decision: { kind: 'admitted', name: parsed.name }, trail: [`the name is ${parsed.name}`] }
  }
  return {
    examine,
    async admit(identity) {
      const { decision, trail } = await examine(identity)
      if (decision.kind === 'refused') return { refused: decision.words, trail }
      return { user: await people.ensureUser(decision.name), trail }
    },
  }
}
