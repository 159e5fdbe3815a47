/**
 * `batchway-commands [--rules=FILE]`: the forced command of a gateway's key on a login node. Takes orders by standard input; what it is called
 * with beside that (SSH_ORIGINAL_COMMAND) means nothing to it.
 */
import { accessSync, constants, readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { execute } from '../execute.ts'
import { readBootId } from '../local/process-identity.ts'
import { lookUpAccount } from './look-up-account.ts'
import { type Hello, loginNodeProtocol } from './messages.ts'
import { openHolds } from './open-holds.ts'
import { readRules } from './read-rules.ts'
import { serveOrders } from './serve-orders.ts'

const standardRules = '/etc/batchway/login-node.rules'

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Of an installed version: this file is `<version>/schedulers/login-node/program.js`; of a release:
 * `@batchway/schedulers/dist/login-node/program.js`, beside `@batchway/agent`.
 */
function installedAgent(): { version: string; agent: Hello['agent'] } {
  const isCompiled = import.meta.filename.endsWith('.js')
  const isInRelease = isCompiled && basename(dirname(import.meta.dirname)) === 'dist'
  const directory = join(import.meta.dirname, isInRelease ? '../../../agent' : '../..')
  try {
    accessSync(join(directory, 'dist/bin.js'))
    const { version }: { version: string } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
    return { version, agent: { directory, node: process.execPath } }
  } catch {
    return { version: 'checkout', agent: null }
  }
}

function uidMin(): number {
  try {
    return Number(/^\s*UID_MIN\s+(\d+)/m.exec(readFileSync('/etc/login.defs', 'utf8'))?.[1] ?? 1_000)
  } catch {
    return 1_000
  }
}

async function main(): Promise<string> {
  const [given] = process.argv.slice(2)
  const path = given?.startsWith('--rules=') ? given.slice('--rules='.length) : standardRules
  const rules = readRules(path)
  process.umask(0o077)
  return serveOrders({
    input: process.stdin,
    output: process.stdout,
    rules,
    hello: {
      type: 'hello',
      protocol: loginNodeProtocol,
      host: hostname(),
      account: userInfo().username,
      uidMin: uidMin(),
      commands: rules.commands.map((command) => ({ ...command, isThere: isThere(command.file) })),
      ...installedAgent(),
    },
    holds: openHolds(rules.holds, readBootId(), Date.now()),
    execute,
    lookUpAccount,
    now: Date.now,
    idleMs: 900_000,
  })
}

// sshd may hang up on a session whose connection is lost; what runs goes on to its end.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.stdin.destroy())
try {
  const why = await main()
  if (why !== 'gone' && why !== 'idle') throw new Error(why)
} catch (error) {
  process.stderr.write(`batchway-commands: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
