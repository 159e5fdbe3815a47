import { silentLogger } from '../core/logger.ts'
import { headerLogin } from '../people/logins/header.ts'
import { oidcLogin } from '../people/logins/oidc.ts'
import { pamLogin } from '../people/logins/pam.ts'
import { bentProvider } from '../people/testing/bent-provider.ts'
import { loginContract } from '../people/testing/login-contract.ts'
import { devLogin } from '../web/dev-login.ts'

loginContract('dev', async () => ({
  login: devLogin,
  right: { username: 'alice', password: '' },
  subject: 'alice',
}))

loginContract('pam', async () => ({
  login: pamLogin(
    { id: 'pam', button: 'Sign in', service: 'batchway' },
    {
      // A stack that is as lenient as PAM can be: what must not be asked about would come in.
      ask: async ({ username, password }) => ({
        kind: username.startsWith('alice') && password === 'right' ? 'right' : 'wrong',
      }),
      groupsOf: async () => ['hpc'],
      log: silentLogger,
    },
  ),
  right: { username: 'alice', password: 'right' },
  subject: 'alice',
}))

loginContract('oidc', async () => {
  const provider = await bentProvider()
  const login = oidcLogin(
    {
      id: 'oidc',
      button: 'Sign in',
      issuer: provider.issuer,
      clientId: 'batchway',
      clientSecret: 'a secret',
      clientAuthentication: 'post',
      scopes: [],
      subject: 'preferred_username',
      claims: { groups: 'realm_access.roles' },
      verifiedEmail: false,
      userInfo: 'always',
      session: 'provider',
      recheckSeconds: 600,
      signOut: 'both',
      autoStart: false,
      callback: 'own',
      parameters: {},
    },
    { log: silentLogger, now: Date.now },
  )
  return {
    login,
    arrive: async (address) => provider.answer(address),
    subject: 'alice',
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
  }
})

loginContract('header', async () => ({
  login: headerLogin({ button: 'Sign in', data: null, signInUrl: null, logoutUrl: null }),
  attested: { user: 'alice', data: null },
  subject: 'alice',
}))
