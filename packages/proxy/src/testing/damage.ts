/** Messages as they are meant, with a few changes: what parsers disagree on lies near what they agree on. */

export const damages = ['put', 'cut', 'flip'] as const
/** Where and with what: any numbers do, each is taken modulo what there is. */
export type Damage = readonly [kind: (typeof damages)[number], at: number, word: number]

/** @param odd what is put in; each character is a byte. */
export function damaged(text: string, changes: readonly Damage[], odd: readonly string[]): string {
  let now = text
  for (const [kind, where, word] of changes) {
    const at = where % (now.length + 1)
    if (kind === 'put') now = now.slice(0, at) + (odd[word % odd.length] ?? '') + now.slice(at)
    else if (kind === 'cut') now = now.slice(0, at) + now.slice(at + (word % 4))
    else now = now.slice(0, at) + String.fromCharCode((now.charCodeAt(at) || 0) ^ (1 << (word % 8))) + now.slice(at + 1)
  }
  return now
}
