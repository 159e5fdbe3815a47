import { defineLogin } from '../people/login.ts'

/** Sign in as anyone, without a password. The configuration refuses it outside development. */
export const devLogin = defineLogin({
  kind: 'form',
  id: 'dev',
  button: 'Sign in',
  hasPassword: false,
  warning: {
    title: 'Development sign-in: no password is asked.',
    text: 'Everyone who reaches this page can be anyone. Never let others reach it.',
  },
  identify: async ({ username }) => ({ subject: username, claims: {}, endsAt: null }),
})
