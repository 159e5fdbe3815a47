import { z } from 'zod'
import { absolutePath, listener } from './config-values.ts'

export const ProxyConfig = z.strictObject({
  control: listener
    .optional()
    .describe('Where the proxy takes its routes from; a unix socket in stateDirectory if absent'),
  start: z
    .boolean()
    .default(true)
    .describe('Does "batchway start" start the proxy too? Write false where it runs as a service of its own'),
  trustedFronts: z
    .array(z.string().regex(/^(unix|[0-9a-f.:]+(\/\d{1,3})?)$/i, 'write an IP address, a network, or "unix"'))
    .default([])
    .describe(
      'Front servers whose word about the client is believed (X-Forwarded-*, who is signed in): addresses, networks such as "10.1.0.0/24", or "unix"',
    ),
  frontSecretFile: absolutePath
    .optional()
    .describe(
      'File (mode 0600) with a secret that front servers send as X-Batchway-Front-Secret; not asked on unix sockets. Without it header sign-in needs a unix socket',
    ),
  trustAddressAlone: z
    .boolean()
    .default(false)
    .describe('Allows header sign-in without a secret: whoever can connect from trustedFronts can be anybody'),
  accessLog: absolutePath
    .optional()
    .describe(
      'File that gets a line of JSON for each request, without query strings: time, peer, method, path, status, bytes, milliseconds',
    ),
  tls: z
    .strictObject({
      certificateFile: absolutePath.describe('Certificate with its chain, PEM'),
      keyFile: absolutePath.describe('Its key, readable by the proxy’s account'),
    })
    .optional()
    .describe(
      'The proxy speaks TLS on every "listen" but unix sockets, where no front server does. Files are read again when they were replaced, and on SIGHUP',
    ),
  metrics: listener
    .optional()
    .describe(
      'Where the proxy gives its figures (/metrics) and tells whether it lives (/health) and takes requests (/ready), to anybody who can connect',
    ),
})
