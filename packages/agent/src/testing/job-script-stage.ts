import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobScriptOrder } from '../job-script.ts'
import type { Ticket } from '../protocol.ts'

export const shells = ['dash', 'bash'].filter((shell) => existsSync(`/bin/${shell}`))

export const ticket: Ticket = {
  protocol: 1,
  session: `s'1`,
  attempt: 1,
  secret: 'canary-script-secret',
  hubUrl: 'http://login1:8081/hub/api',
  hubPatienceSeconds: 1,
}

/** A stand-in for runtime and agent that writes down how it was started. */
export function stageIn(folder: string, name: string) {
  const root = join(folder, name)
  const home = join(root, `home of "o'x"`)
  mkdirSync(join(root, 'agent/dist'), { recursive: true })
  mkdirSync(home, { recursive: true })
  writeFileSync(join(root, 'agent/dist/bin.js'), '')
  const node = join(root, 'node')
  writeFileSync(
    node,
    `#!/bin/sh\n[ "$1" = --version ] && exit\n{ pwd; printf '%s\\n' "$@"; cat; } > "${root}/started"\nenv > "${root}/environment"\n`,
  )
  chmodSync(node, 0o755)
  const order: JobScriptOrder = { ticket, agentDir: join(root, 'agent'), node }
  const run = (shell: string, script: string, env: Record<string, string> = {}) => {
    writeFileSync(join(root, 'script'), script)
    return spawnSync(shell, [join(root, 'script')], {
      env: { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: root, ...env },
      encoding: 'utf8',
    })
  }
  return {
    root,
    home,
    order,
    run,
    started: () => (existsSync(join(root, 'started')) ? readFileSync(join(root, 'started'), 'utf8') : null),
  }
}
