/** What every way to sign in must do, a site's own too: run it with `loginContract` on a real one. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../../core/errors.ts'
import {
  defineLogin,
  type FormLogin,
  type FrontLogin,
  type Identity,
  type Login,
  type RedirectLogin,
} from '../login.ts'

/** A way, and how somebody who may comes in by it. */
export type LoginBench =
  | {
      readonly login: FormLogin
      readonly right: { readonly username: string; readonly password: string }
      /** What the identity must say. */
      readonly subject: string
    }
  | {
      readonly login: RedirectLogin
      /** Signs in at the provider, as a browser would. @returns the address at which it comes back. */
      arrive(address: string): Promise<string>
      readonly subject: string
    }
  | { readonly login: FrontLogin; readonly attested: { user: string; data: string | null }; readonly subject: string }

const hostile = ['', ' ', '\0', 'a\0b', 'a\nb', '../root', '-x', '<script>', '%{x}', 'x'.repeat(10_000), '\ud800']
const callback = 'https://hub.example/hub/login/way/callback'
const state = (letter: string): string => letter.repeat(40)

function checkIdentity(identity: Identity, subject: string): void {
  assert.equal(identity.subject, subject)
  for (const [name, texts] of Object.entries(identity.claims)) {
    assert.ok(Array.isArray(texts), name)
    for (const text of texts) assert.equal(typeof text, 'string', name)
  }
  assert.ok(identity.endsAt === null || identity.endsAt > Date.now(), 'an end lies ahead')
}

/** Nobody, or words for the page: nothing else may come of what strangers send. */
async function refuses(what: string, ask: () => Promise<Identity | null>): Promise<void> {
  try {
    assert.equal(await ask(), null, what)
  } catch (error) {
    if (!(error instanceof BatchwayError)) throw error
    assert.ok(error.message.length > 0 && error.message.length < 300, what)
  }
}

export function loginContract(name: string, open: () => Promise<LoginBench & Partial<AsyncDisposable>>): void {
  const withBench = async (test: (bench: LoginBench) => Promise<void>): Promise<void> => {
    const bench = await open()
    try {
      await test(bench)
    } finally {
      await bench[Symbol.asyncDispose]?.()
    }
  }
  const isOf = <K extends Login['kind']>(bench: LoginBench, kind: K) => bench.login.kind === kind

  describe(`the way to sign in ${name}`, () => {
    it('has an id and words for its button', () =>
      withBench(async ({ login }) => {
        assert.equal(defineLogin(login), login)
      }))
    it('tells who came in', () =>
      withBench(async (bench) => {
        if ('right' in bench) {
          const identity = await bench.login.identify({ ...bench.right, address: '192.0.2.1' })
          assert.ok(identity)
          checkIdentity(identity, bench.subject)
        } else if ('arrive' in bench) {
          const { address, memory } = await bench.login.start(callback, state('a'))
          checkIdentity(await bench.login.finish(await bench.arrive(address), memory), bench.subject)
        } else checkIdentity(bench.login.identify(bench.attested), bench.subject)
      }))
    it('makes nobody of what strangers send', () =>
      withBench(async (bench) => {
        if ('right' in bench && bench.login.hasPassword) {
          const { login, right } = bench
          const ask = (username: string, password: string) => () =>
            login.identify({ username, password, address: '192.0.2.1' })
          for (const text of hostile) {
            await refuses(`password ${JSON.stringify(text).slice(0, 20)}`, ask(right.username, text))
            await refuses(`name ${JSON.stringify(text).slice(0, 20)}`, ask(text, right.password))
          }
          await refuses('almost the password', ask(right.username, `${right.password}x`))
        }
        if ('arrive' in bench) {
          const { login } = bench
          const { memory } = await login.start(callback, state('a'))
          for (const text of hostile)
            for (const query of [
              { code: text, state: state('a') },
              { state: state('a'), error: text },
              { state: text },
            ])
              await refuses(JSON.stringify(query).slice(0, 40), () =>
                login.finish(`${callback}?${new URLSearchParams(query)}`, memory),
              )
        }
      }))
    it('keeps what two browsers do apart', () =>
      withBench(async (bench) => {
        if (!('arrive' in bench)) return assert.ok(!isOf(bench, 'redirect'))
        const { login, arrive } = bench
        const one = await login.start(callback, state('a'))
        const two = await login.start(callback, state('b'))
        assert.notEqual(one.memory, two.memory)
        assert.ok(Buffer.byteLength(one.memory) < 2_000, 'it fits into a cookie')
        assert.match(new URL(one.address).protocol, /^https?:$/)
        assert.ok(decodeURIComponent(one.address).includes(state('a')), 'the state goes along')
        await refuses('another’s answer', async () => login.finish(await arrive(two.address), one.memory))
        const answer = await arrive(one.address)
        await login.finish(answer, one.memory)
        await refuses('an answer that was used', () => login.finish(answer, one.memory))
      }))
  })
}
