/** The report by mail: a table to read, the page, and the rows for a spreadsheet. */
import { createTransport } from 'nodemailer'
import type { ReportMail } from '../../core/report-config.ts'

export interface MailedReport {
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly csv: { readonly name: string; readonly text: string }
}

const patienceMs = 60_000

/** @param password of `mail.user`. @throws {Error} in the mail server’s words; never with the password. */
export async function sendReport(mail: ReportMail, password: string | null, report: MailedReport): Promise<void> {
  const { host, port, tls, user, from, to } = mail
  const transport = createTransport({
    host,
    port,
    secure: tls === 'from-start',
    requireTLS: tls === 'required',
    ...(user !== undefined && password !== null && { auth: { user, pass: password } }),
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
    // Nothing in a report names a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: report.subject,
      text: report.text,
      html: report.html,
      attachments: [{ filename: report.csv.name, content: report.csv.text, contentType: 'text/csv; charset=utf-8' }],
      // An answer by a machine on leave is of use to nobody.
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new Error(
      `${host}:${port} did not take the mail: ${password === null ? words : words.replaceAll(password, '…')}`,
    )
  } finally {
    transport.close()
  }
}
