/** The script of the probe job: looks around as a session's job would, tells what it saw, and waits to be cancelled. */
import { shellQuote, shellQuoteText } from '@batchway/agent'
import { reportMark } from './job-report.ts'

export interface ProbeOrder {
  readonly agentDir: string
  readonly node: string
  /** The hub's API as this cluster's nodes see it, `http://login1:8081/hub/api`. */
  readonly hubUrl: string
  /** Where reports may be sent, each one tried. */
  readonly collectors: readonly string[]
  /** The log, removed when the job ends; null if nothing is to be removed. */
  readonly log: string | null
  /** The job ends by itself after this time (s), and at once when it starts later than `notAfter` (Unix seconds). */
  readonly staySeconds: number
  readonly notAfter: number
  readonly applications: readonly ProbeApplication[]
  /** Slurm: leave the report in the job's comment, too. The network may not lead back to the hub. */
  readonly inComment: boolean
}

export interface ProbeApplication {
  readonly key: string
  readonly program: string
  readonly modules: readonly string[]
  readonly prologue: string
}

/** Longest wait for an answer of the network (s): several of these must fit into the job. */
const patienceSeconds = 8

/**
 * Runs on the node in the agent's runtime: asks the hub as the agent would, without proxies, and writes what came as further lines.
 * Given by standard input; arguments: the hub's URL.
 */
const askHub = String.raw`
const { lookup } = require('node:dns/promises')
const url = new URL(process.argv[2])
const say = (name, value) => process.stdout.write('hub.' + name + '=' + String(value).replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 300) + '\n')
const end = (name, value) => { say(name, value); process.exit(0) }
say('by', 'node')
lookup(url.hostname.replace(/^\[|\]$/g, '')).then(({ address }) => {
  say('address', address)
  const client = require(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const request = client.get(url, { agent: false, timeout: ${patienceSeconds * 1000} }, (response) => {
    say('status', response.statusCode)
    const version = response.headers['x-batchway-version']
    if (version) say('version', version)
    const site = response.headers['x-batchway-site']
    if (site) say('site', site)
    process.exit(0)
  })
  request.on('timeout', () => end('error', 'ETIMEDOUT'))
  request.on('error', (error) => end('error', error.code || error.message))
}, (error) => end('error', error.code || error.message))
`

/** For sending, in the same runtime. Given by standard input; argument: the URL. The report is in the environment. */
const sendReport = `
const url = new URL(process.argv[2])
const text = process.env.BATCHWAY_DOCTOR_REPORT
const client = require(url.protocol === 'https:' ? 'node:https' : 'node:http')
const request = client.request(url, { method: 'POST', agent: false, timeout: ${patienceSeconds * 1000}, headers: { 'content-length': Buffer.byteLength(text) } }, (response) => process.exit(response.statusCode === 204 ? 0 : 1))
request.on('timeout', () => process.exit(1))
request.on('error', () => process.exit(1))
request.end(text)
`

/** Where there is no runtime: bash opens connections by itself. Plain HTTP only. Arguments: host, port, path, host header. */
const askByBash = `exec 3<>"/dev/tcp/$1/$2" && printf 'GET %s HTTP/1.0\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' "$3" "$4" >&3 && head -c 4000 <&3`
const sendByBash = `exec 3<>"/dev/tcp/$1/$2" && printf 'POST %s HTTP/1.0\\r\\nHost: %s\\r\\nContent-Length: %s\\r\\n\\r\\n%s' "$3" "$4" "\${#5}" "$5" >&3 && head -c 100 <&3`

const place = (address: string): string[] => {
  const { protocol, hostname, port, pathname, host } = new URL(address)
  return [hostname.replace(/^\[|\]$/g, ''), port || (protocol === 'https:' ? '443' : '80'), pathname, host]
}
const words = (values: readonly string[]): string => values.map(shellQuote).join(' ')

function applicationText({ key, program, modules, prologue }: ProbeApplication): string {
  const loads = modules.map(
    (name) => `module load ${shellQuote(name)} || { echo ${shellQuote(`module ${name}`)} >&3; exit; }`,
  )
  const before = prologue.trim() === '' ? [] : [`eval ${shellQuoteText(prologue)} || { echo prologue >&3; exit; }`]
  const look = `if found=$(command -v ${shellQuote(program)}); then echo "ok $found" >&3; else echo missing >&3; fi`
  // The answer goes by a way of its own, so that what modules and prologues print is not taken for it.
  return `fact ${shellQuote(`app.${key}`)} "$({
${[...loads, ...before, look].join('\n')}
} 3>&1 </dev/null >/dev/null 2>&1 | tail -n 1)"
`
}

/** POSIX sh, one group: a script that was cut anywhere does nothing. Holds no secret. */
export function renderProbeScript(order: ProbeOrder): string {
  const agent = `${order.agentDir}/dist/bin.js`
  const [hubHost = ''] = place(order.hubUrl)
  const ways = order.collectors.map((url, index) => `  ${index}) set -- ${words([url, ...place(url)])} ;;\n`)
  const comment = order.inComment
    ? `  [ -z "\${SLURM_JOB_ID-}" ] || scontrol update JobId="$SLURM_JOB_ID" Comment="${reportMark}$coded" >/dev/null 2>&1\n`
    : ''
  const removal = order.log === null ? ':' : `rm -f ${shellQuote(order.log)}`
  return `#!/bin/sh
# Made by "batchway doctor": looks around, says what it sees, and waits to be cancelled. It may be cancelled at any time.
{
trap ${shellQuote(`${removal}; exit 0`)} TERM INT
trap ${shellQuote(removal)} EXIT
clock=$(date +%s)
[ "$clock" -le ${order.notAfter} ] || exit 0
facts='batchway-doctor=1
'
fact() {
  facts="$facts$1=$(printf %s "$2" | LC_ALL=C tr '\\000-\\037\\177' ' ' | LC_ALL=C cut -c1-300)
"
}
fact clock "$clock"
fact host "$(hostname 2>/dev/null || uname -n)"
fact user "$(id -un)"
fact home "\${HOME-}"
fact machine "$(uname -m)"
file=
fact libc "$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 1)"
if [ -z "\${HOME-}" ] || [ ! -d "$HOME" ]; then fact home-state missing
elif said=$(LC_ALL=C mktemp "$HOME/.batchway-probe-XXXXXXXX" 2>&1) && file=$said &&
  said=$({ LC_ALL=C dd if=/dev/zero of="$file" bs=4096 count=4 conv=fsync; } 2>&1); then fact home-state ok
else
  case $said in
  *'No space left'* | *[Qq]uota*) fact home-state full ;;
  *'Read-only'*) fact home-state read-only ;;
  *) fact home-state not-writable ;;
  esac
fi
[ -z "$file" ] || rm -f "$file" 2>/dev/null
command -v module >/dev/null 2>&1 || for init in "\${MODULESHOME-}/init/sh" "\${LMOD_PKG-}/init/sh" /etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do
  if [ -r "$init" ]; then . "$init"; break; fi
done
command -v module >/dev/null 2>&1 && fact modules 1
proxies=
for name in http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
  eval "said=\\\${$name-}"
  [ -z "$said" ] || proxies="$proxies $name"
done
fact proxies "$proxies"
set -f
for name in $(printf %s "\${no_proxy-} \${NO_PROXY-}" | tr ',' ' '); do
  case ${shellQuote(hubHost)} in "$name" | *".\${name#.}") fact hub-exempt 1 ;; esac
  [ "$name" != '*' ] || fact hub-exempt 1
done
set +f
node=${shellQuote(order.node)}
[ -r ${shellQuote(agent)} ] && fact agent 1
unset NODE_OPTIONS NODE_USE_ENV_PROXY
if said=$("$node" --version 2>&1); then runs=1; else runs=0; fi
fact runtime-starts $runs
fact runtime "$said"
ask_js=${shellQuoteText(askHub)}
send_js=${shellQuoteText(sendReport)}
if [ $runs = 1 ]; then
  facts="$facts$(printf %s "$ask_js" | timeout 20 "$node" - ${shellQuote(order.hubUrl)} 2>/dev/null)
"
elif command -v bash >/dev/null 2>&1; then
  fact hub.by bash
  if said=$(timeout ${patienceSeconds} bash -c ${shellQuote(askByBash)} ask ${words(place(order.hubUrl))} 2>&1 | tr -d '\\000\\r'); then :; fi
  case $said in
  HTTP/*)
    fact hub.status "$(printf '%s\\n' "$said" | sed -n '1s/^[^ ]* \\([0-9]*\\).*/\\1/p')"
    fact hub.version "$(printf '%s\\n' "$said" | sed -n 's/^[Xx]-[Bb]atchway-[Vv]ersion: *//p' | head -n 1)"
    fact hub.site "$(printf '%s\\n' "$said" | sed -n 's/^[Xx]-[Bb]atchway-[Ss]ite: *//p' | head -n 1)"
    ;;
  *) fact hub.error "\${said:-ETIMEDOUT}" ;;
  esac
fi
ways='${order.collectors.map((_, index) => index).join(' ')}'
send() {
  case $1 in
${ways.join('')}  *) return 1 ;;
  esac
  if [ $runs = 1 ]; then
    printf %s "$send_js" | BATCHWAY_DOCTOR_REPORT=$facts timeout 20 "$node" - "$1" >/dev/null 2>&1
  else
    timeout 10 bash -c ${shellQuote(sendByBash)} send "$2" "$3" "$4" "$5" "$facts" 2>/dev/null | grep -q '^HTTP/1.. 204'
  fi
}
tell() {
  coded=$(printf %s "$facts" | base64 | tr -d '\\n')
  printf '%s\\n' "${reportMark}$coded"
${comment}  for way in $ways; do
    # The one that leads there is the one for the next report; if none does, the network is not tried again.
    if send "$way"; then ways=$way; return; fi
  done
  ways=
}
tell
${order.applications.map(applicationText).join('')}fact complete 1
tell
sleep ${order.staySeconds} &
wait $!
exit 0
}
`
}
