/** The part of the configuration that says which programs beside the hub may use its API, and which sign people in by it. */
import { z } from 'zod'
import { absolutePath } from './config-values.ts'

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not a name of an environment variable')

/** Where the proxy finds a service: plain HTTP to a port or a unix socket. No path: requests arrive with the whole one, or with `stripPrefix` without its beginning. */
const serviceUrl = z
  .string()
  .regex(
    /^(http:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?|http\+unix:\/\/%2f[a-z0-9._%-]+)\/?$/i,
    'write "http://HOST:PORT" or "http+unix://%2Fpath%2Fof.sock", without a path: the proxy speaks plain HTTP to services',
  )

export const ServiceConfig = z
  .strictObject({
    url: serviceUrl
      .optional()
      .describe(
        'Where it listens, e.g. "http://127.0.0.1:10101": people reach it at /services/NAME/ below the gateway. Absent: it only calls the API',
      ),
    stripPrefix: z
      .boolean()
      .default(false)
      .describe('Are its requests to arrive without /services/NAME? For a program that can live at "/" alone'),
    apiTokenFile: absolutePath
      .optional()
      .describe('File with its API token (32 characters or more), readable by the hub’s account alone'),
    apiTokenVariable: variable.optional().describe('Environment variable with its API token, instead of a file'),
    display: z.boolean().default(true).describe('Is it one that people open themselves? Told in its model'),
    info: z.record(z.string(), z.unknown()).prefault({}).describe('Anything about it, for whoever reads its model'),
    oauthClientId: z
      .string()
      .regex(/^service-[A-Za-z0-9._~-]{1,200}$/, 'write "service-" and letters, digits, ".", "_", "~" or "-"')
      .optional()
      .describe('Id under which it signs people in; "service-NAME" if absent'),
    oauthRedirectUri: z
      .string()
      .regex(
        /^(\/(?![/\\])|https?:\/\/[a-z0-9.[\]:-]+\/)[^\s#\\]*$/i,
        'write a path such as "/services/NAME/oauth_callback" or a full address without a fragment',
      )
      .optional()
      .describe(
        'Where people come back to, compared to the letter; /services/NAME/oauth_callback below the gateway if absent',
      ),
    oauthNoConfirm: z
      .boolean()
      .default(false)
      .describe('Sign people in without asking them first: only for services that the site itself runs'),
    clientAllowedScopes: z
      .array(z.string())
      .default([])
      .describe(
        'What it may do for people who signed in there: scopes, or names of roles; if empty, know who they are',
      ),
  })
  .refine((service) => service.apiTokenFile !== undefined || service.apiTokenVariable !== undefined, {
    path: ['apiTokenFile'],
    error:
      'is missing: name a file (or apiTokenVariable: an environment variable) with its token, made by "openssl rand -hex 32"',
  })
  .refine((service) => service.apiTokenFile === undefined || service.apiTokenVariable === undefined, {
    path: ['apiTokenVariable'],
    error: 'write a file or a variable, not both',
  })
export type ServiceConfig = z.output<typeof ServiceConfig>

/** A segment of a path, and a value of filters such as `!service=NAME`. */
const serviceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'a service’s name has up to 63 lower-case letters, digits and "._-"')

export const ServicesConfig = z.record(serviceName, ServiceConfig)
export type ServicesConfig = z.output<typeof ServicesConfig>

const managed = 'is not offered: the hub starts no services; let systemd do it (docs/how-to/services.md shows a unit)'
const inFile = 'secrets are not written here: write apiTokenFile or apiTokenVariable'

/** What JupyterHub's services have and these have not, each with what to do instead. */
export const refusedServiceKeys: Readonly<Record<string, string>> = {
  command: managed,
  cwd: managed,
  user: managed,
  environment: managed,
  api_token: inFile,
  apiToken: inFile,
  admin:
    'is not offered: name what the service needs in a role, e.g. roles: { cull: { scopes: [...], services: [NAME] } }',
  oauth_roles: 'is not offered: write the scopes or roles into clientAllowedScopes',
  cookie_options: 'is not offered: the cookies of a service are its own',
  name: 'is the key that this entry stands under',
}
