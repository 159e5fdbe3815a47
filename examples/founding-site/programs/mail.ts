/** `mail.ts PORT FOLDER`: a mail server that delivers nothing: each mail becomes a file. Says when it listens. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSmtpReceiver } from '../../../packages/batchway/src/cli/report/testing/smtp-receiver.ts'

const [port, folder] = process.argv.slice(2)
if (port === undefined || folder === undefined) throw new Error('mail.ts PORT FOLDER')
mkdirSync(folder, { recursive: true })
let count = 0
await openSmtpReceiver({
  port: Number(port),
  onMail({ data }) {
    count += 1
    writeFileSync(join(folder, `${count}.eml`), data)
  },
})
process.stdout.write(`mail for ${port} becomes files in ${folder}\n`)
