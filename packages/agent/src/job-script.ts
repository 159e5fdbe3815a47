import { putAside } from './environment.ts'
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
  /**
   * Absolute path of the job's output, which the script opens itself: a scheduler that cannot open it ends the job before anybody can
   * say why. Absent: wherever the scheduler has put it.
   */
  readonly log?: string
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
 * what must be there and becomes the agent by `exec`. What is not there it says in words (exit status and last line: see
 * `exitCodes`); and as soon as the runtime can be started the agent tells the hub these words, since nobody may be able to read
 * the job's output. What the shell can do itself it does: each command that it starts is a millisecond of every start.
 * @throws {UnsafeShellValue}
 */
export function renderJobScript(order: JobScriptOrder): string {
  const agent = `${order.agentDir}/dist/bin.js`
  const input = ticketInput(order.ticket)
  const beforehand = modulesText(order.modules ?? []) + prologueText(order.prologue ?? '')
  return `#!/bin/sh
# Made by Batchway for one start of one session. Everything is in one group: a shell runs all of it or, if it was cut, nothing.
{
batchway_node=${shellQuote(order.node)}
batchway_agent=${shellQuote(agent)}
${input.variable}batchway_end() { # status, word, message
  batchway_clear
  printf '%s\\n' "batchway: error=$2 $3" >&2
  exit "$1"
}
batchway_runtime() { (unset ${putAside.join(' ')}; "$batchway_node" --version 2>&1); }
batchway_become() {
${putAside.map((name) => `  [ -z "\${${name}-}" ] || export BATCHWAY_${name}="$${name}"\n`).join('')}  unset ${putAside.join(' ')}
  exec "$batchway_node" "$batchway_agent" ${input.redirect}
}
batchway_tell() { # status, word, message, what a command said
  batchway_clear
  if [ -r "$batchway_agent" ] && ${input.isThere}batchway_runtime >/dev/null && cd /; then
    # Its last line, once the hub knows, is the one with the word.
    printf '%s\\n' "batchway: $3" >&2
    export BATCHWAY_FAILURE="$2 $3" BATCHWAY_FAILURE_LOG="\${4-}"
    batchway_become
  fi
  batchway_end "$1" "$2" "$3"
}
batchway_clear() { [ -z "$batchway_probe" ] || rm -f "$batchway_probe"; }
# A job that is killed here leaves nothing.
trap 'trap - 0; batchway_clear; exit 143' HUP INT TERM
batchway_probe=
unset BATCHWAY_RUNTIME_DIR BATCHWAY_FAILURE BATCHWAY_FAILURE_LOG ${scrubbed.join(' ')}
batchway_umask=$(umask)
umask 077
${identityText}[ -n "$HOME" ] || ${tell('home-missing', 'this node knows no home directory of the account $(id -u): it is neither in the environment nor known to getent')}
[ -d "$HOME" ] || ${tell('home-missing', 'the home directory is not there on this node: $HOME')}
# A name that no other job has, on whatever node: homes are shared.
{ read -r batchway_random </proc/sys/kernel/random/uuid; } 2>/dev/null || batchway_random=$(mktemp -u XXXXXXXX-XXXXXXXX)
batchway_probe=$HOME/.batchway-probe-\${batchway_random%%-*}
batchway_words=$({ LC_ALL=C dd if=/dev/zero of="$batchway_probe" bs=4096 count=4 conv=fsync; } 2>&1) || case $batchway_words in
  *'No space left'* | *[Qq]uota*) ${tell('home-full', 'the home directory $HOME is full: delete something and start again', '$batchway_words')} ;;
  *'Read-only'*) ${tell('home-read-only', 'the home directory $HOME is read-only on this node', '$batchway_words')} ;;
  *) ${tell('home-not-writable', 'the home directory $HOME cannot be written', '$batchway_words')} ;;
esac
${logText(order.log)}umask "$batchway_umask"
cd "$HOME" || ${tell('home-missing', 'the home directory $HOME cannot be entered')}
{ read -r batchway_host </proc/sys/kernel/hostname; } 2>/dev/null || batchway_host=$(uname -n)
{ printf '%s\\n' "batchway: begins on $batchway_host"; } 2>/dev/null || ${tell('output-not-writable', 'the job cannot write to its own output')}
[ -r "$batchway_agent" ] || ${end('agent-missing', 'the agent $batchway_agent cannot be read on this node: is its folder shared with the compute nodes?')}
batchway_words=$(batchway_runtime) || ${end('runtime-not-startable', 'the runtime $batchway_node cannot be started on this node: $batchway_words')}
${input.check}${beforehand}batchway_clear
trap - HUP INT TERM
if [ -z "\${XDG_RUNTIME_DIR-}" ] || [ ! -d "$XDG_RUNTIME_DIR" ] || [ ! -w "$XDG_RUNTIME_DIR" ]; then
  BATCHWAY_RUNTIME_DIR=\${TMPDIR:-/tmp}/batchway-\${batchway_random#*-}
  if mkdir -m 700 "$BATCHWAY_RUNTIME_DIR" 2>/dev/null; then
    XDG_RUNTIME_DIR=$BATCHWAY_RUNTIME_DIR
    export BATCHWAY_RUNTIME_DIR XDG_RUNTIME_DIR
  else
    unset BATCHWAY_RUNTIME_DIR XDG_RUNTIME_DIR
  fi
fi
unset batchway_words batchway_probe batchway_umask batchway_random batchway_host
batchway_become
}
`
}

/** A job may start with nothing in its environment: what a login would set comes from the node's name service. @see environ(7) */
const identityText = `PATH=\${PATH:-/usr/local/bin:/usr/bin:/bin}
if [ -z "\${HOME-}" ] || [ -z "\${LOGNAME-}" ] || [ -z "\${SHELL-}" ]; then
  IFS=: read -r batchway_name batchway_words batchway_words batchway_words batchway_words batchway_home batchway_shell <<BATCHWAY_ACCOUNT
$(getent passwd "\${SLURM_JOB_UID:-$(id -u)}" 2>/dev/null)
BATCHWAY_ACCOUNT
  HOME=\${HOME:-$batchway_home}
  LOGNAME=\${LOGNAME:-$batchway_name}
  SHELL=\${SHELL:-$batchway_shell}
  unset batchway_name batchway_home batchway_shell
fi
USER=\${USER:-$LOGNAME}
export PATH HOME LOGNAME USER SHELL
`

/** `words` is script text in double quotes: it may use the script's own variables, whose values no shell expands again. */
const end = (word: keyof typeof exitCodes, words: string) => `batchway_end ${exitCodes[word]} ${word} "${words}"`
/** The same, told to the hub as well. */
const tell = (word: keyof typeof exitCodes, words: string, said?: string) =>
  `batchway_tell ${exitCodes[word]} ${word} "${words}"${said ? ` "${said}"` : ''}`

interface TicketInput {
  readonly variable: string
  /** Ends the job when there is none. */
  readonly check: string
  /** The same as a condition. */
  readonly isThere: string
  readonly redirect: string
}

/** The secret reaches the agent by standard input: never by an argument, nor by the environment. */
function ticketInput(ticket: JobScriptOrder['ticket']): TicketInput {
  if ('file' in ticket) {
    return {
      variable: `batchway_ticket=${shellQuote(ticket.file)}\n`,
      check: `[ -r "$batchway_ticket" ] || ${end('ticket-missing', 'the ticket $batchway_ticket cannot be read')}\n`,
      isThere: '[ -r "$batchway_ticket" ] && ',
      redirect: '<"$batchway_ticket"',
    }
  }
  const json = JSON.stringify(ticket)
  if (Buffer.byteLength(json) > maxTicketBytes) throw new RangeError('the ticket is too long for a job script')
  // JSON has no raw line feed, so its one line cannot be the delimiter.
  return { variable: '', check: '', isThere: '', redirect: `<<'BATCHWAY_TICKET'\n${json}\nBATCHWAY_TICKET` }
}

/** From here on the job's output is this file, whatever the scheduler was told. */
function logText(log: string | undefined): string {
  if (log === undefined) return ''
  // A pipe that nobody reads would be waited for.
  return `batchway_log=${shellQuote(log)}
{ [ ! -p "$batchway_log" ] && printf '' >>"$batchway_log"; } 2>"$batchway_probe" || {
  batchway_words=$(cat "$batchway_probe")
  ${tell('output-not-writable', 'the file for the job’s output, $batchway_log, cannot be written', '$batchway_words')}
}
exec >>"$batchway_log" 2>&1
`
}

/** Puts what a command said on standard error, caught in a file, into the job's output and into a variable. */
const catchWords = `cat "$batchway_probe" >&2
batchway_words=$(dd if="$batchway_probe" bs=2000 count=1 2>/dev/null)
`
/** On one line, for a sentence. */
const inOneLine = `$(printf '%s' "$batchway_words" | tr '\\n' ' ')`

function modulesText(modules: readonly string[]): string {
  const [first] = modules
  if (first === undefined) return ''
  const init = `batchway_module=${shellQuote(first)}
command -v module >/dev/null 2>&1 || for batchway_init in "\${MODULESHOME-}/init/sh" "\${LMOD_PKG-}/init/sh" /etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do
  if [ -r "$batchway_init" ]; then . "$batchway_init"; break; fi
done
command -v module >/dev/null 2>&1 || ${tell('module-command-missing', 'there is no module command on this node, so the module $batchway_module cannot be loaded')}
`
  // A leading dash would be an option of the module command, hence the refusal.
  const loads = modules.map((name) => {
    if (name.startsWith('-')) throw new RangeError(`not a module name: ${name}`)
    // Environment Modules before 4 say that it failed, and return 0.
    return `batchway_module=${shellQuote(name)}
module load "$batchway_module" 2>"$batchway_probe"
batchway_status=$?
${catchWords}case $batchway_words in *'):ERROR:'*) batchway_status=1 ;; esac
[ "$batchway_status" -eq 0 ] || ${tell('module-failed', `the module $batchway_module cannot be loaded on this node: ${inOneLine}`, '$batchway_words')}
`
  })
  return init + loads.join('')
}

/**
 * Through `eval`: a prologue with an open quote or brace fails by itself instead of unbalancing the script; looked at beforehand,
 * since some shells end at once for it. A prologue may also say `exit`.
 */
function prologueText(prologue: string): string {
  if (prologue.trim() === '') return ''
  const failed = tell('prologue-failed', `the prologue of this application failed: ${inOneLine}`, '$batchway_words')
  return `batchway_prologue=${shellQuoteText(prologue)}
batchway_prologue_failed() {
  trap - 0
  exec 2>&9 9>&-
${catchWords}  ${failed}
}
exec 9>&2
trap batchway_prologue_failed 0
/bin/sh -n -c "$batchway_prologue" 2>"$batchway_probe" || exit
eval "$batchway_prologue" 2>"$batchway_probe" || exit
set +e
trap - 0
exec 9>&-
cat "$batchway_probe" >&2
unset batchway_prologue
`
}
