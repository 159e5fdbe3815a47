import { z } from 'zod'
import { environment, plainText } from './config-values.ts'

export const ApplicationConfig = z.strictObject({
  title: plainText.optional(),
  kind: z
    .enum(['jupyterhub-singleuser', 'jupyter', 'command'])
    .describe('"jupyterhub-singleuser" checks visitors itself; "jupyter" and "command" are guarded by the agent'),
  command: z
    .array(plainText)
    .min(1)
    .optional()
    .describe(
      'argv; {prefix}, {hub_host}, {hub_prefix} and one of {socket} (a private unix socket, safe on shared nodes) and {port} are filled in',
    ),
  environment: environment
    .prefault({})
    .describe(
      'Further variables; {socket} or {port}, {prefix}, {hub_host}, {hub_prefix} and {app_token} are filled in',
    ),
  directory: plainText.default('~').describe('Folder to start in; ~ is the home'),
  open: z
    .string()
    .regex(/^[^\0-\x20/][^\0-\x20]*$|^$/, 'write a path without a leading slash')
    .optional()
    .describe('Path that "Open" leads to, e.g. "lab"'),
  health: z
    .string()
    .regex(/^[^\0-\x20]*$/)
    .optional()
    .describe('Path that answers when the application is up'),
  modules: z.array(z.string().regex(/^[A-Za-z0-9_.+/@-]{1,200}$/, 'not a module name')).default([]),
  prologue: z.string().default('').describe('Shell lines that run before the application; admin’s text'),
})
