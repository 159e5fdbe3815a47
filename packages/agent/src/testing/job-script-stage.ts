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
    [
      '#!/bin/sh',
      '[ "$1" = --version ] && exit',
      `[ -z "\${LD_LIBRARY_PATH-}\${NODE_OPTIONS-}" ] || exit 43`,
      // In order to tell: the real agent would end with the status of the word.
      `if [ -n "\${BATCHWAY_FAILURE-}" ]; then`,
      `{ pwd; printf '%s\\n' "$BATCHWAY_FAILURE" "$BATCHWAY_FAILURE_LOG"; cat; } > "${root}/told"; exit 42; fi`,
      `{ pwd; printf '%s\\n' "$@"; cat; } > "${root}/started"`,
      `env > "${root}/environment"`,
      '',
    ].join('\n'),
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
  const read = (file: string): string | null =>
    existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : null
  return {
    root,
    home,
    order,
    run,
    started: () => read('started'),
    /** What a failing script had its agent tell: folder, word with message, what a command said, the ticket. */
    told: () => read('told'),
  }
}
