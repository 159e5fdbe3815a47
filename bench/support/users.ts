/** Users and their tokens, made in the same way in ours and in the peer. */

export type Api = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>

export interface Numbers {
  readonly users: number
  /** How many of them have a token. */
  readonly tokens: number
}

export const userName = (index: number): string => `user${String(index).padStart(5, '0')}`
const atOnce = 500

/** One call after the other, each with `atOnce` names. @returns how long each took (ms). */
export async function makeUsers(api: Api, from: number, count: number): Promise<number[]> {
  const lateMs: number[] = []
  for (let at = from; at < from + count; at += atOnce) {
    const length = Math.min(atOnce, from + count - at)
    const usernames = Array.from({ length }, (_, index) => userName(at + index))
    const askedAt = performance.now()
    const { status, body } = await api('POST', '/users', { usernames })
    if (status !== 201 || !Array.isArray(body) || body.length !== length)
      throw new Error(`making users: ${status} ${JSON.stringify(body).slice(0, 300)}`)
    lateMs.push(performance.now() - askedAt)
  }
  return lateMs
}

/** For each of the first users one token, with what a user's own programs ask for. */
export async function makeTokens(api: Api, count: number): Promise<string[]> {
  const tokens: string[] = []
  for (let index = 0; index < count; index += 1) {
    const scopes = ['read:users!user', 'servers!user']
    const { status, body } = await api('POST', `/users/${userName(index)}/tokens`, { scopes })
    if (status !== 201) throw new Error(`making a token: ${status} ${JSON.stringify(body)}`)
    tokens.push((body as { token: string }).token)
  }
  return tokens
}
