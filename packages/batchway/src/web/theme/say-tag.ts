import { type Context, type Emitter, Hash, type Liquid, Tag, type TagToken, type TopLevelToken } from 'liquidjs'
import { fillBlanks, isMessage, type MessageKey, messages } from './messages.ts'

/** A text by its key, as the site has it. */
export type SayText = (key: MessageKey) => string
export const ownWords: SayText = (key) => messages[key].text

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}
const escapeText = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)

/** `{% say 'home.title' %}`, `{% say 'sign-in.lead', site: site.name %}`: escaped, like all output. */
export function addSayTag(engine: Liquid, textsOf: (context: Context) => SayText): void {
  engine.registerTag(
    'say',
    class extends Tag {
      readonly #key: MessageKey
      readonly #hash: Hash
      constructor(token: TagToken, remain: TopLevelToken[], liquid: Liquid) {
        super(token, remain, liquid)
        const [whole = '', key = ''] = /^\s*'([^']*)'/.exec(token.args) ?? []
        if (!isMessage(key)) throw new Error(`there is no text with the key ${key === '' ? token.args : `"${key}"`}`)
        this.#key = key
        this.#hash = new Hash(token.args.slice(whole.length).replace(/^\s*,/, ''), liquid.options.keyValueSeparator)
      }
      override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
        const values = (yield this.#hash.render(context)) as Record<string, unknown>
        emitter.write(escapeText(fillBlanks(textsOf(context)(this.#key), values)))
      }
    },
  )
}
