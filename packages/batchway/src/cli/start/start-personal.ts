/** `batchway start` without a configuration: decides whom to serve, and does what only root can do. */
import { resolve } from 'node:path'
import { buildForJobs } from '../agent-command.ts'
import type { StartOptions } from '../start-command.ts'
import { runAsServed } from './as-served.ts'
import { canInstallForAll, installJupyter } from './install-jupyter.ts'
import { jupyterMissing, serveMyself } from './serve-myself.ts'
import { type Account, decideServed, findAccount, makeAccount } from './served-account.ts'

/**
 * Everything that looks at programs runs as the one who is served: root runs nothing that an account could have put in its way. What is
 * missing comes back as an exit code, and only its installation is root's work.
 */
async function serveAsRoot(account: Account, options: StartOptions): Promise<number> {
  buildForJobs()
  if (!canInstallForAll()) return await runAsServed(account, options)
  const code = await runAsServed(account, { ...options, reportMissing: true })
  if (code !== jupyterMissing) return code
  await installJupyter('', options)
  return await runAsServed(account, { ...options, install: false })
}

export async function startPersonal(given: StartOptions): Promise<void> {
  const decision = decideServed(process.getuid?.() ?? 0, given.user, process.env.SUDO_USER, findAccount)
  // Whoever goes on from here may do so in another folder.
  const options: StartOptions = { ...given, ...(given.state !== undefined && { state: resolve(given.state) }) }
  switch (decision.do) {
    case 'myself':
      await serveMyself(options)
      return
    case 'refuse':
      throw new Error(decision.words)
    case 'serve':
      process.exitCode = await serveAsRoot(decision.account, options)
      return
    case 'make':
      process.stdout.write(
        `Nobody was named (--user) and no session runs as root: making the unprivileged account ${decision.name}.\n`,
      )
      process.exitCode = await serveAsRoot(makeAccount(decision.name), options)
  }
}
