/** The sessions that have not ended, by id and by user: who checks a token is told of one user's, and must not look at thousands. */
import type { Session } from './session.ts'

export class ActiveSessions extends Map<string, Session> {
  readonly #idsOf = new Map<number, Set<string>>()

  override set(id: string, session: Session): this {
    const known = this.get(id)
    if (known !== undefined && known.userId !== session.userId) this.delete(id)
    super.set(id, session)
    const ids = this.#idsOf.get(session.userId)
    if (ids === undefined) this.#idsOf.set(session.userId, new Set([id]))
    else ids.add(id)
    return this
  }

  override delete(id: string): boolean {
    const session = this.get(id)
    if (session === undefined) return false
    const ids = this.#idsOf.get(session.userId)
    ids?.delete(id)
    if (ids?.size === 0) this.#idsOf.delete(session.userId)
    return super.delete(id)
  }

  override clear(): void {
    this.#idsOf.clear()
    super.clear()
  }

  /** In the order in which they became known. */
  of(userId: number): readonly Session[] {
    return [...(this.#idsOf.get(userId) ?? [])].flatMap((id) => this.get(id) ?? [])
  }
}
