/** The part of the configuration about the nightly report: to whom it is mailed. */
import { z } from 'zod'
import { absolutePath, plainText } from './config-values.ts'

const isOwnMachine = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)

const Mail = z
  .strictObject({
    to: z.array(z.email('write an e-mail address')).min(1, 'name at least one receiver').describe('Who gets it'),
    from: z.email('write an e-mail address').describe('Whose address stands above it'),
    host: plainText
      .regex(/^[A-Za-z0-9_.:-]{1,255}$/, 'write a host name or an IP address')
      .default('localhost')
      .describe('Mail server (SMTP)'),
    port: z.int().min(1).max(65_535).default(25).describe('Its port'),
    tls: z
      .enum(['offered', 'required', 'from-start'])
      .default('offered')
      .describe(
        '"offered": encrypted where the server can; "required": or not at all; "from-start": by its own port, usually 465',
      ),
    user: plainText.min(1).max(255).optional().describe('Name at the mail server, if it asks for one'),
    passwordFile: absolutePath.optional().describe('File with the password, readable by the hub’s account alone'),
  })
  .check((context) => {
    const { user, passwordFile, tls, host } = context.value
    const issue = (path: string, message: string): void =>
      void context.issues.push({ code: 'custom', input: context.value, path: [path], message })
    if ((user === undefined) !== (passwordFile === undefined))
      issue(user === undefined ? 'user' : 'passwordFile', 'write both "user" and "passwordFile", or neither')
    if (user !== undefined && tls === 'offered' && !isOwnMachine(host))
      issue('tls', 'write "required" or "from-start": a password must not go over the network as it is')
  })

export const ReportConfig = z.strictObject({
  mail: Mail.optional().describe('Mails the report of the day before; "batchway report --mail" sends it'),
})
export type ReportMail = z.output<typeof Mail>
