/** Sign-in by a front server's header, as the site configures it. */
import { z } from 'zod'
import type { Config } from './config.ts'
import { plainText } from './config-values.ts'

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'write the name of a header, such as "Remote_User"')
const oneSign = z.string().regex(/^[^\0-\x1f\x7f]$/, 'write one character')
/** An address of the front server: full, or a path on the same host. */
const frontAddress = z
  .string()
  .regex(
    /^(https?:\/\/|\/(?!\/))[^\s\0-\x1f\x7f<>"\\]*$/i,
    'write a full address, or a path such as "/Shibboleth.sso/Logout"',
  )

export const HeaderSignIn = z.strictObject({
  type: z.literal('header'),
  header: headerName
    .default('Remote_User')
    .describe('Header in which the front server names the user; "-" and "_" must be as written here'),
  dataHeader: headerName
    .optional()
    .describe(
      'Header with more about the user, sent with every user; "Remote_User_Data" if only "data" is written, unused if neither is',
    ),
  data: z
    .strictObject({
      separator: oneSign.default(';').describe('Between two items'),
      claims: z
        .union([
          z.literal('key=value'),
          z.array(z.string().regex(/^([A-Za-z][\w.:-]{0,63})?$/, 'write the name of a claim')),
        ])
        .optional()
        .describe(
          'Names of the items by place, e.g. [mail, groups], or "key=value" when they name themselves; all are the claim "data" if absent',
        ),
      listSeparator: oneSign.optional().describe('Between the texts of one item, e.g. "," in "groups=physics,staff"'),
    })
    .optional()
    .describe('How that header becomes claims'),
  button: plainText.default('Sign in with your site account').describe('Words on the button, if there is a signInUrl'),
  signInUrl: frontAddress
    .optional()
    .describe('Where people whom the front server did not name can sign in; {next} is the address to come back to'),
  logoutUrl: frontAddress
    .optional()
    .describe('Where signing out goes on to, so that the front server’s session ends too'),
})
export type HeaderSignIn = z.output<typeof HeaderSignIn>

/** Header sign-in as configured; null if the site uses none. */
export const findHeaderSignIn = (signIn: Config['signIn']): HeaderSignIn | null =>
  signIn.find((each) => each.type === 'header') ?? null

/** Names of the headers that the proxy reads. The data is only asked for where the site says that it uses it. */
export const identityHeadersOf = ({
  header,
  dataHeader,
  data,
}: HeaderSignIn): { readonly user: string; readonly data: string | null } => ({
  user: header,
  data: dataHeader ?? (data === undefined ? null : 'Remote_User_Data'),
})
