import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseConfig } from '../../core/parse-config.ts'
import type { ReportMail } from '../../core/report-config.ts'
import { sampleAttempt, sampleSession } from '../../store/contract/samples.ts'
import { openStores } from '../../store/stores.ts'
import { mailReport } from '../report-command.ts'
import { sendReport } from './send-report.ts'
import { openSmtpReceiver } from './testing/smtp-receiver.ts'

const mailOf = (port: number, change: Partial<ReportMail> = {}): ReportMail => ({
  to: ['ops@northfield.example', 'head@northfield.example'],
  from: 'batchway@northfield.example',
  host: '127.0.0.1',
  port,
  tls: 'offered',
  ...change,
})
const report = {
  subject: 'Northfield: report of 2026-11-18 – 40 starts',
  text: 'username  count\n.jj            4\n',
  html: '<!doctype html><p>40 starts, <b>3</b> failed</p>',
  csv: { name: 'report.csv', text: 'username,count\r\njj,4\r\n' },
}
/** The parts of a message in its three forms; attachments as they are in the end. */
const partOf = (data: string, type: string): string => {
  const [, head = '', body = ''] = new RegExp(`(Content-Type: ${type}[^]*?)\n\n([^]*?)\n--`, 'i').exec(data) ?? []
  return /base64/.test(head) ? Buffer.from(body, 'base64').toString() : body.replace(/=\n/g, '')
}

describe('the report by mail', () => {
  it('comes as text, as a page and as rows, to everybody named', async () => {
    await using receiver = await openSmtpReceiver()
    await sendReport(mailOf(receiver.port), null, report)
    const [mail] = receiver.mails
    assert.ok(mail)
    assert.equal(mail.from, 'batchway@northfield.example')
    assert.deepEqual(mail.to, ['ops@northfield.example', 'head@northfield.example'])
    assert.match(mail.data, /^Auto-Submitted: auto-generated$/m)
    assert.match(partOf(mail.data, 'text/plain'), /^\.jj {12}4/m)
    assert.match(partOf(mail.data, 'text/html'), /<b>3<\/b> failed/)
    assert.equal(partOf(mail.data, 'text/csv').replaceAll('\r', ''), 'username,count\njj,4\n')
    assert.deepEqual(receiver.logins, [])
  })

  it('shows name and password where the server asks', async () => {
    await using receiver = await openSmtpReceiver()
    await sendReport(mailOf(receiver.port, { user: 'batchway', passwordFile: '/x' }), 'pass word', report)
    assert.deepEqual(receiver.logins, ['batchway:pass word'])
    assert.equal(receiver.mails.length, 1)
  })

  it('says why the server did not take it, and never the password', async () => {
    await using receiver = await openSmtpReceiver({ refuses: '550 nobody of that name' })
    await assert.rejects(
      sendReport(mailOf(receiver.port), null, report),
      /127\.0\.0\.1:\d+ did not take the mail: .*550/,
    )
    const wrong = sendReport(mailOf(receiver.port, { user: 'batchway' }), 'wrong', report)
    await assert.rejects(wrong, (error: Error) => /535/.test(error.message) && !error.message.includes('wrong'))
    assert.equal(receiver.mails.length, 0)
  })

  it('shows no password to a server that does not encrypt, where encryption is required', async () => {
    await using receiver = await openSmtpReceiver()
    const mail = mailOf(receiver.port, { user: 'batchway', tls: 'required' })
    await assert.rejects(sendReport(mail, 'secret', report), /did not take the mail/)
    assert.deepEqual(receiver.logins, [])
    // The control above: with "offered" it is shown.
  })

  it('begins no header of its own in what comes from the site', async () => {
    await using receiver = await openSmtpReceiver()
    await sendReport(mailOf(receiver.port), null, { ...report, subject: 'Site\r\nBcc: stranger@evil.example' })
    assert.doesNotMatch(receiver.mails[0]?.data ?? '', /^Bcc:/m)
    assert.equal(receiver.mails[0]?.to.length, 2)
  })
})

const site = (state: string, mail: object): object => ({
  stateDirectory: state,
  site: { name: 'Northfield', timeZone: 'Europe/Berlin' },
  clusters: { main: { driver: 'slurm' } },
  applications: { lab: { kind: 'jupyterhub-singleuser', title: 'JupyterLab' } },
  profiles: [
    {
      key: 'small',
      title: 'Small',
      cluster: 'main',
      application: 'lab',
      resources: { cores: 1, memory: '1G', walltime: '1h' },
    },
  ],
  report: { mail },
})

describe('batchway report --mail', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'batchway-mail-'))
  })
  after(() => rm(directory, { recursive: true, force: true }))

  it('sends yesterday’s report of the site, with the password from its file', async () => {
    await using receiver = await openSmtpReceiver()
    {
      await using stores = await openStores(`sqlite:${directory}/batchway.db`, () => 0)
      const createdAt = Date.parse('2026-11-18T10:00:00Z')
      await stores.sessions.insert(sampleSession({ createdAt }), sampleAttempt())
    }
    const passwordFile = join(directory, 'password')
    await writeFile(passwordFile, 'kept in a file\n', { mode: 0o600 })
    const { to, from, host } = mailOf(receiver.port)
    const config = join(directory, 'batchway.yaml')
    const mail = { to, from, host, port: receiver.port, user: 'batchway', passwordFile }
    await writeFile(config, JSON.stringify(site(directory, mail)), { mode: 0o600 })
    const options = { config, by: 'user', format: 'table', foot: true } as const
    const sent = await mailReport(options, Date.parse('2026-11-19T00:05:00+01:00'), assert.fail)
    assert.deepEqual(sent, to)
    assert.deepEqual(receiver.logins, ['batchway:kept in a file'])
    const data = receiver.mails[0]?.data ?? ''
    assert.match(data, /^Subject: Northfield: report of 2026-11-18, 1 starts, 0 failed$/m)
    assert.match(partOf(data, 'text/plain'), /^alice +1 +0 /m)
    assert.match(partOf(data, 'text/html'), /<bdi>alice<\/bdi>/)
  })

  it('says what to write where nobody is named, and refuses a password that would go over the network as it is', async () => {
    const config = join(directory, 'plain.yaml')
    const { report: _, ...plain } = { report: null, ...site(directory, {}) }
    await writeFile(config, JSON.stringify(plain), { mode: 0o600 })
    const options = { config, by: 'user', format: 'table', foot: true } as const
    await assert.rejects(
      mailReport(options, 0, () => {}),
      /write report\.mail/,
    )
    const mail = { to: ['a@b.example'], from: 'a@b.example', host: 'smtp.b.example', user: 'x', passwordFile: '/x' }
    assert.throws(() => parseConfig(site(directory, mail), 'test'), /must not go over the network/)
    assert.throws(() => parseConfig(site(directory, { ...mail, passwordFile: undefined }), 'test'), /or neither/)
    assert.ok(parseConfig(site(directory, { ...mail, tls: 'required' }), 'test'))
  })
})
