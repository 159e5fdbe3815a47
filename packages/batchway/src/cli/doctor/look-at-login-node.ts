/** Asks a login node what the doctor wants to know. */
import { accessSync, constants, statSync } from 'node:fs'
import type { LoginNode } from '@batchway/schedulers'
import { version } from '../../app/version.ts'
import type { SshConfig } from '../../core/ssh-config.ts'
import { clockDifference } from './clock-difference.ts'
import type { LoginNodeFacts } from './judge-login-node.ts'

export async function lookAtLoginNode(node: LoginNode, ssh: SshConfig, now: () => number): Promise<LoginNodeFacts> {
  const key = statSync(ssh.identityFile, { throwIfNoEntry: false }) ?? null
  const common = {
    host: ssh.host,
    identityFile: ssh.identityFile,
    key: key && { mode: key.mode, uid: key.uid },
    hasKnownHosts: isReadable(ssh.knownHostsFile),
    uid: process.getuid?.() ?? -1,
    ownVersion: version,
  }
  try {
    const hello = await node.hello()
    const before = now() / 1_000
    const reading = (await node.clock()) / 1_000
    const missing = hello.commands.filter(({ isThere }) => !isThere).map(({ file }) => file)
    return {
      ...common,
      answer: { version: hello.version, host: hello.host, account: hello.account, missing: [...new Set(missing)] },
      clockSeconds: Math.round(clockDifference(reading, before, now() / 1_000)),
    }
  } catch (error) {
    return {
      ...common,
      answer: { failure: error instanceof Error ? error.message : String(error) },
      clockSeconds: null,
    }
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
