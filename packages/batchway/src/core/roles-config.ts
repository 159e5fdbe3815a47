/** The part of the configuration that says who may do what: roles, and scopes of the site's own. */
import { z } from 'zod'
import { plainText } from './config-values.ts'

const names = z.array(z.string().regex(/^[^\0-\x1f\x7f]{1,255}$/, 'write 1 to 255 characters')).default([])

const RoleConfig = z.strictObject({
  description: plainText.optional().describe('What it is for'),
  scopes: z
    .array(z.string())
    .describe('What its holders may do, in JupyterHub’s notation, e.g. "read:servers!group=students"'),
  users: names.describe('Names of users who have it'),
  groups: names.describe('Groups whose members have it'),
  services: names.describe('Services that have it'),
})

/** JupyterHub's rule for their names. */
const roleName = z
  .string()
  .regex(
    /^[a-z][a-z0-9_~.-]{1,253}[a-z0-9]$/,
    'a role’s name has 3 to 255 lower-case letters, digits and "-_~.", begins with a letter and ends with neither of these signs',
  )

export const RolesConfig = z.record(roleName, RoleConfig)
export type RolesConfig = z.output<typeof RolesConfig>

export const CustomScopesConfig = z.record(
  z.string(),
  z.strictObject({
    description: plainText.describe('What it allows, in words for the person who is asked to grant it'),
    subscopes: z.array(z.string()).default([]).describe('Custom scopes that it includes'),
  }),
)
export type CustomScopesConfig = z.output<typeof CustomScopesConfig>
