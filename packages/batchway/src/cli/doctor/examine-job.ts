/** The checks that only a job can make. */
import { type JobRequest, SchedulerError } from '@batchway/schedulers'
import { version } from '../../app/version.ts'
import type { Config } from '../../core/config.ts'
import { toApplication } from '../../profiles/applications.ts'
import type { CheckId } from './check-table.ts'
import { type ClusterSubject, requestOf, schedulerCommand } from './cluster-subject.ts'
import { type Finding, skipped, toFinding, type Verdict } from './finding.ts'
import { judgeHubAddress } from './judge-hub-address.ts'
import {
  type JobSetting,
  type JobStory,
  judgeAccounting,
  judgeCancel,
  judgeClocks,
  judgeStart,
  judgeSubmit,
  judgeVisible,
} from './judge-job.ts'
import { judgeApplications, judgeEnvironment, judgeHome, judgeLog, judgeRuntime } from './judge-node.ts'
import { renderProbeScript } from './probe-script.ts'
import { openWays, type Ways } from './report-ways.ts'
import { probeLimits, runProbeJob } from './run-probe-job.ts'

export interface JobExamination {
  readonly subject: ClusterSubject
  readonly config: Config
  readonly setting: Omit<JobSetting, 'profile'>
  readonly isHubRunning: boolean
  /** What the hub, or who answers in its place, calls itself. */
  readonly site: string
  readonly now: () => number
  readonly random: (bytes: number) => string
  readonly signal: AbortSignal
  readonly say: (words: string) => void
}

/** How long the job stays when nobody cancels it, and how long after its submit it may still start (s). */
const staySeconds = 60
const lateSeconds = 600
const wallSeconds = 120
const memoryMiB = 1_024

/** Letters of job names; no digit groups that a hub would take for a session's tag, since there is a "-". */
const nameOf = (instance: string, random: string): string => `b${instance}-dr-${random.slice(0, 8)}`

/** A profile whose options a small job can have: without GPUs if there is one. */
const profileFor = ({ profiles }: ClusterSubject) =>
  profiles.find(({ resources }) => resources.gpus === 0) ?? profiles[0]

function applicationsOf({ config, subject }: JobExamination) {
  const keys = new Set(subject.profiles.map(({ application }) => application))
  return Object.entries(config.applications).flatMap(([key, one]) => {
    const { argv, modules, prologue } = toApplication(key, one)
    return keys.has(key) && argv[0] !== undefined ? [{ key, program: argv[0], modules, prologue }] : []
  })
}

interface Trial {
  readonly result: JobStory | SchedulerError
  readonly byStandIn: boolean
  readonly refused: Ways['refused']
}

async function tryJob(order: JobExamination, home: string, hasLog: boolean): Promise<Trial> {
  const { subject, config, setting, now, random, signal, say } = order
  const profile = profileFor(subject)
  if (profile === undefined) throw new Error(`no profile uses ${subject.key}`)
  await using ways = await openWays({
    hubUrl: subject.site.hubUrl,
    internal: config.hub.internal,
    version,
    site: order.site,
    isHubRunning: order.isHubRunning,
    secret: random(16),
    now,
  })
  const name = nameOf(config.instance, random(8))
  const log = hasLog ? `${home}/.batchway-${name}.log` : null
  const script = renderProbeScript({
    agentDir: subject.agent?.directory ?? '/nowhere',
    node: subject.agent?.node ?? '/nowhere',
    hubUrl: subject.site.hubUrl,
    collectors: ways.collectors,
    log,
    staySeconds,
    notAfter: Math.floor(now() / 1_000) + lateSeconds,
    applications: applicationsOf(order),
    inComment: subject.driver.id === 'slurm',
  })
  const whole = requestOf(profile, {
    name,
    account: setting.account,
    script,
    workdir: home,
    outputPath: log ?? '/dev/null',
  })
  const request: JobRequest = {
    ...whole,
    resources: { ...whole.resources, cores: 1, memoryMiB: Math.min(memoryMiB, whole.resources.memoryMiB), wallSeconds },
  }
  const isSlurm = subject.driver.id === 'slurm'
  const result = await runProbeJob({
    cluster: subject.site.cluster,
    request,
    log,
    collector: ways.collector,
    readComment: isSlurm
      ? async (id) => {
          const command = schedulerCommand(
            subject,
            'squeue',
            '--noheader',
            '--states=all',
            `--jobs=${id}`,
            '--format=%k',
          )
          return (await subject.ask(command, '')).stdout
        }
      : null,
    limits: probeLimits,
    now,
    signal,
    say,
  })
  return { result, byStandIn: ways.byStandIn, refused: ways.refused }
}

/** A job whose log cannot be written runs no line of its script on Slurm: a second one, without a log, can say why. */
const lostItsLog = (result: JobStory | SchedulerError): boolean =>
  !(result instanceof SchedulerError) && result.report === null && result.earlyEnd !== null

export async function* examineJob(order: JobExamination): AsyncGenerator<Finding> {
  const { subject, config, say } = order
  const { key } = subject
  const tell = (check: CheckId, ...verdicts: readonly Verdict[]): Finding[] =>
    verdicts.map((verdict) => toFinding(check, verdict, key))
  const setting: JobSetting = { ...order.setting, profile: profileFor(subject)?.key ?? '' }
  let home: string
  try {
    home = await subject.site.homeOf(setting.account)
  } catch (error) {
    yield* tell('job-home', {
      status: 'problem',
      words: error instanceof Error ? error.message : String(error),
      remedy: ['Without it no session can be submitted.'],
    })
    return
  }
  say(`submits a job as ${setting.account}; Ctrl-C cancels it`)
  const first = await tryJob(order, home, true)
  if (first.result instanceof SchedulerError) {
    yield* tell('job-submit', judgeSubmit(first.result, setting))
    return
  }
  const logFailed = lostItsLog(first.result)
  if (logFailed) say('the job ended before its script ran; a second one goes without a log')
  const second = logFailed ? await tryJob(order, home, false) : first
  const { result, byStandIn, refused } = second
  const story = result instanceof SchedulerError ? first.result : result
  const report = story.report?.facts ?? null
  yield* tell('job-submit', judgeSubmit(first.result, setting))
  yield* tell('job-visible', judgeVisible(story, setting))
  yield* tell('job-start', judgeStart(story, probeLimits.start / 1_000))
  yield* tell(
    'job-home',
    judgeHome({
      account: setting.account,
      expected: home,
      byRule: subject.config.home !== undefined,
      logFailed,
      report,
    }),
  )
  yield* tell('job-log', judgeLog(story))
  if (report !== null) {
    const { agent, site } = subject
    yield* tell('job-runtime', judgeRuntime({ agent, report }))
    yield* tell(
      'job-hub',
      judgeHubAddress({
        url: site.hubUrl,
        setBy: subject.config.hubUrl !== undefined ? `clusters.${key}.hubUrl` : 'hub.internalUrl',
        listens: config.hub.internal,
        version,
        site: order.site,
        byStandIn,
        refused,
        report,
      }),
    )
    const applications = applicationsOf(order)
    yield* tell(
      'job-environment',
      ...judgeEnvironment({
        report,
        needsModules: applications.some(({ modules }) => modules.length > 0),
        hubHost: new URL(site.hubUrl).hostname,
      }),
    )
    yield* tell(
      'job-applications',
      ...judgeApplications(
        applications.map((one) => one.key),
        report,
      ),
    )
  } else
    for (const check of ['job-runtime', 'job-hub', 'job-environment', 'job-applications'] as const)
      yield* tell(check, skipped('no job told of its node'))
  yield* tell('job-clock', judgeClocks(story))
  yield* tell('job-cancel', judgeCancel(story))
  yield* tell('job-accounting', judgeAccounting(story, setting))
}
