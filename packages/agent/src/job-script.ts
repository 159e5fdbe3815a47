import { exitCodes } from './exit-codes.ts'
import type { Ticket } from './protocol.ts'
import { shellQuote, shellQuoteText } from './shell-quote.ts'

export interface JobScriptOrder {
  /** Written into the script; or, where scripts are public, the absolute path of a 0600 file that holds it. */
  readonly ticket: Ticket | { readonly file: string }
  /** Installed agent folder as the compute nodes see it (`InstalledAgent.dir`). */
  readonly agentDir: string
  /** Absolute path of the Node runtime as the compute nodes see it (`InstalledAgent.node`). */
  readonly node: string
  readonly modules?: readonly string[]
  /** Shell text of the site; runs in the job's shell after the modules. Never a user's text. */
  readonly prologue?: string
}

/** A here-document of more than this would not fit a pipe at once, and some shells then use a temporary file. */
const maxTicketBytes = 4000

/** Variables that break the user's own `srun` and `sbatch`, or tell who submitted. The agent scrubs the same by pattern. */
const scrubbed = [
  'SLURM_EXPORT_ENV',
  'SLURM_CPU_BIND',
  'SLURM_CPU_BIND_LIST',
  'SLURM_CPU_BIND_TYPE',
  'SLURM_CPU_BIND_VERBOSE',
  'SUDO_COMMAND',
  'SUDO_GID',
  'SUDO_UID',
  'SUDO_USER',
]

/**
 * The job script: POSIX sh, one brace group, so that a script that was cut anywhere is a syntax error and does nothing. It checks
 * what must be there, says in words what is not (exit status and last line: see `exitCodes`), and becomes the agent by `exec`.
 * @throws {UnsafeShellValue}
 */
export function renderJobScript(order: JobScriptOrder): string {
  const agent = `${order.agentDir}/dist/bin.js`
  const input = ticketInput(order.ticket)
  return `#!/bin/sh
# Made by Batchway for one start of one session. Everything is in one group: a shell runs all of it or, if it was cut, nothing.
{
batchway_end() { # status, word, message
  printf '%s\\n' "batchway: $3" "batchway: error=$2 $3" >&2
  exit "$1"
}
unset BATCHWAY_RUNTIME_DIR ${scrubbed.join(' ')}
batchway_umask=$(umask)
umask 077
[ -n "\${HOME-}" ] && [ -d "$HOME" ] || ${end('home-missing', 'the home directory $HOME is not there on this node')}
batchway_probe=$HOME/.batchway-probe.$$
batchway_words=$({ LC_ALL=C dd if=/dev/zero of="$batchway_probe" bs=4096 count=4 conv=fsync; } 2>&1) || {
  rm -f "$batchway_probe"
  case $batchway_words in
  *'No space left'* | *[Qq]uota*) ${end('home-full', 'the home directory $HOME is full: delete something and start again')} ;;
  *'Read-only'*) ${end('home-read-only', 'the home directory $HOME is read-only on this node')} ;;
  *) ${end('home-not-writable', 'the home directory $HOME cannot be written')} ;;
  esac
}
rm -f "$batchway_probe"
umask "$batchway_umask"
cd "$HOME" || ${end('home-missing', 'the home directory $HOME cannot be entered')}
batchway_node=${shellQuote(order.node)}
batchway_agent=${shellQuote(agent)}
[ -r "$batchway_agent" ] || ${end('agent-missing', 'the agent $batchway_agent cannot be read on this node: is its folder shared with the compute nodes?')}
# Meant for the user's programs; the agent gives it back to them.
[ -z "\${NODE_OPTIONS-}" ] || export BATCHWAY_NODE_OPTIONS="$NODE_OPTIONS"
unset NODE_OPTIONS
batchway_words=$("$batchway_node" --version 2>&1) || ${end('runtime-not-startable', 'the runtime $batchway_node cannot be started on this node: $batchway_words')}
${[modulesText(order.modules ?? []), prologueText(order.prologue ?? '')].join('')}if [ -z "\${XDG_RUNTIME_DIR-}" ] || [ ! -d "$XDG_RUNTIME_DIR" ] || [ ! -w "$XDG_RUNTIME_DIR" ]; then
  if BATCHWAY_RUNTIME_DIR=$(mktemp -d "\${TMPDIR:-/tmp}/batchway-XXXXXXXX" 2>/dev/null); then
    XDG_RUNTIME_DIR=$BATCHWAY_RUNTIME_DIR
    export BATCHWAY_RUNTIME_DIR XDG_RUNTIME_DIR
  else
    unset BATCHWAY_RUNTIME_DIR XDG_RUNTIME_DIR
  fi
fi
unset batchway_words batchway_probe batchway_umask
${input.check}exec "$batchway_node" "$batchway_agent" ${input.redirect}
}
`
}

/** `words` is script text in double quotes: it may use the script's own variables, whose values no shell expands again. */
const end = (word: keyof typeof exitCodes, words: string) => `batchway_end ${exitCodes[word]} ${word} "${words}"`

/** The secret reaches the agent by standard input: never by an argument, nor by the environment. */
function ticketInput(ticket: JobScriptOrder['ticket']): { readonly check: string; readonly redirect: string } {
  if ('file' in ticket) {
    const file = shellQuote(ticket.file)
    return {
      check: `batchway_ticket=${file}\n[ -r "$batchway_ticket" ] || ${end('ticket-missing', 'the ticket $batchway_ticket cannot be read')}\n`,
      redirect: '<"$batchway_ticket"',
    }
  }
  const json = JSON.stringify(ticket)
  if (Buffer.byteLength(json) > maxTicketBytes) throw new RangeError('the ticket is too long for a job script')
  // JSON has no raw line feed, so its one line cannot be the delimiter.
  return { check: '', redirect: `<<'BATCHWAY_TICKET'\n${json}\nBATCHWAY_TICKET` }
}

function modulesText(modules: readonly string[]): string {
  if (modules.length === 0) return ''
  const init = `command -v module >/dev/null 2>&1 || for batchway_init in "\${MODULESHOME-}/init/sh" "\${LMOD_PKG-}/init/sh" /etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do
  if [ -r "$batchway_init" ]; then . "$batchway_init"; break; fi
done
`
  // A leading dash would be an option of the module command, hence the refusal.
  const loads = modules.map((name) => {
    if (name.startsWith('-')) throw new RangeError(`not a module name: ${name}`)
    return `batchway_module=${shellQuote(name)}\nmodule load "$batchway_module" || ${end('module-failed', 'the module $batchway_module cannot be loaded on this node')}\n`
  })
  return init + loads.join('')
}

/** Through `eval`: a prologue with an open quote or brace fails by itself instead of unbalancing the script. */
function prologueText(prologue: string): string {
  if (prologue.trim() === '') return ''
  return `eval ${shellQuoteText(prologue)} || ${end('prologue-failed', 'the prologue of this application failed')}\n`
}
