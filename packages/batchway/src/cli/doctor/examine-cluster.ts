/** The checks of one cluster that need no job. */

import type { CheckId } from './check-table.ts'
import type { ClusterSubject } from './cluster-subject.ts'
import { type Finding, literal, ok, problem, skipped, toFinding, type Verdict, warning } from './finding.ts'
import { judgeAgent } from './judge-agent.ts'
import { judgeHtcondor } from './judge-htcondor.ts'
import { judgeLocal } from './judge-local.ts'
import { judgeLoginNode } from './judge-login-node.ts'
import { judgePartitions } from './judge-partitions.ts'
import { judgeCommands, judgeSlurmSettings, judgeSlurmVersion } from './judge-scheduler.ts'
import { judgeSudo } from './judge-sudo.ts'
import {
  askHtcondor,
  askSlurm,
  findCommands,
  listPartitions,
  lookAtAgent,
  lookAtLocal,
  lookAtSudo,
  type SlurmWords,
  testProfile,
} from './look-at-cluster.ts'
import { lookAtLoginNode } from './look-at-login-node.ts'

export interface ClusterExamination {
  readonly subject: ClusterSubject
  readonly hub: string
  /** `--as`, or the hub's own account where it runs jobs as itself; null: nobody was named. */
  readonly account: string | null
  readonly isHubRunning: boolean
  readonly withJob: boolean
}

/** What the checks of the job want to know. */
export interface ClusterFacts {
  readonly slurm: SlurmWords | null
  /** The scheduler listed its jobs, and there is an account to submit as: a job can be tried. */
  readonly canTryJob: boolean
}

export async function* examineCluster(order: ClusterExamination): AsyncGenerator<Finding, ClusterFacts> {
  const { subject, hub, account, isHubRunning, withJob } = order
  const { key, driver, config } = subject
  const tell = (check: CheckId, ...verdicts: readonly Verdict[]): Finding[] =>
    verdicts.map((verdict) => toFinding(check, verdict, key))
  const isLocal = driver.id === 'local'

  yield* tell(
    'driver',
    ...(driver.cautions ?? []).map((words) => warning(words, 'Tell us what you see, whether it works or not.')),
  )
  const { loginNode } = subject.site
  if (loginNode && config.ssh) {
    const verdicts = judgeLoginNode(await lookAtLoginNode(loginNode, config.ssh, Date.now))
    yield* tell('login-node', ...verdicts)
    // Whatever else is asked goes that way.
    if (verdicts[0]?.status === 'problem') return { slurm: null, canTryJob: false }
  }
  const commands = await findCommands(subject)
  yield* tell(
    'commands',
    judgeCommands(commands, loginNode ? `the rules of ${loginNode.name}` : (subject.environment.PATH ?? '')),
  )
  yield* tell('agent', ...(loginNode ? [await agentThere(subject)] : judgeAgent(lookAtAgent(subject))))
  if (isLocal) yield* tell('local-scheduler', ...judgeLocal(await lookAtLocal(subject, hub, isHubRunning)))

  const answer = await listAnswer(subject)
  yield* tell('scheduler', answer.verdict)
  let slurm: SlurmWords | null = null
  if (driver.id === 'slurm' && answer.isGood) {
    slurm = await askSlurm(subject, hub).catch(() => null)
    if (slurm !== null) {
      const { settings, adminLevel } = slurm
      yield* tell('scheduler', judgeSlurmVersion(slurm.commands, settings.version))
      yield* tell(
        'scheduler',
        ...judgeSlurmSettings({ settings, hub, adminLevel, isProbed: withJob && account !== null }),
      )
    }
  }
  if (driver.id === 'htcondor' && answer.isGood) {
    const words = await askHtcondor(subject)
    if (words !== null) yield* tell('scheduler', ...judgeHtcondor(words))
  }
  if (!isLocal && driver.availability === undefined)
    yield* tell(
      'partitions',
      skipped(`driver ${driver.id} does not ask for queues: profiles are not compared with them`),
    )
  else if (!isLocal && answer.isGood) {
    const partitions = await listPartitions(subject)
    yield* tell(
      'partitions',
      ...(typeof partitions === 'string'
        ? [problem(`cannot be listed: ${partitions}`)]
        : judgePartitions(subject.profiles, partitions)),
    )
  }

  if (config.transport === 'self') yield* tell('sudo', skipped(`jobs run as ${hub} itself (transport: self)`))
  else if (account === null) yield* tell('sudo', skipped('name somebody who may use Batchway: --as ACCOUNT'))
  else if (loginNode) yield* tell('sudo', await judgeSudoThere(subject, account))
  else yield* tell('sudo', ...judgeSudo(await lookAtSudo(subject, hub, account)))

  if (driver.id === 'slurm' && account !== null && answer.isGood)
    yield* tell('profiles', ...(await judgeProfiles(order, account)))
  return { slurm, canTryJob: answer.isGood && account !== null && subject.profiles.length > 0 }
}

async function agentThere({ site }: ClusterSubject): Promise<Verdict> {
  try {
    const { directory } = typeof site.agent === 'function' ? await site.agent() : site.agent
    return ok(`${directory}, beside the program that answers on the login node`)
  } catch (error) {
    return problem(
      error instanceof Error ? error.message : String(error),
      'On the login node, as root, into a folder that the compute nodes see:',
      literal('batchway agent install /shared/apps/batchway'),
    )
  }
}

/** The harmless one of the commands that sudo must allow there. */
async function judgeSudoThere({ site }: ClusterSubject, account: string): Promise<Verdict> {
  try {
    await site.cluster.listAs(account)
    return ok(`the login node asks for the jobs of ${account} as ${account}, without a password`)
  } catch (error) {
    return problem(
      error instanceof Error ? error.message : String(error),
      'On the login node: is the account a member of the group of those who may use Batchway, and is the file of "batchway setup login-node sudoers" installed?',
    )
  }
}

async function listAnswer({
  site,
  driver,
}: ClusterSubject): Promise<{ readonly isGood: boolean; readonly verdict: Verdict }> {
  const beganAt = performance.now()
  try {
    const { jobs, complete } = await site.cluster.list()
    const passed = ((performance.now() - beganAt) / 1_000).toFixed(1)
    if (driver.query)
      return { isGood: true, verdict: ok('is asked about one job at a time: the probe job tells whether it answers') }
    const words = `lists ${jobs.length} jobs in ${passed} s`
    return {
      isGood: true,
      verdict: complete
        ? ok(words)
        : warning(`${words}, some of which cannot be read`, 'Please report it with the output of the list command.'),
    }
  } catch (error) {
    if (driver.id === 'local') return { isGood: false, verdict: skipped('it does not answer, see "Local scheduler"') }
    return {
      isGood: false,
      verdict: problem(
        `does not list its jobs: ${error instanceof Error ? error.message : String(error)}`,
        'Is its daemon up, and may this host talk to it (munge, slurm.conf, firewall)?',
      ),
    }
  }
}

async function judgeProfiles({ subject }: ClusterExamination, account: string): Promise<readonly Verdict[]> {
  const home = await subject.site.homeOf(account).catch(() => null)
  if (home === null) return [skipped(`this host does not know the home of ${account}`)]
  const wrong: Verdict[] = []
  for (const profile of subject.profiles) {
    const result = await testProfile(subject, profile, { account, home })
    if ('unclear' in result) return [...wrong, skipped(`sbatch --test-only did not answer: ${result.unclear}`)]
    if (result.refusal !== null)
      wrong.push(
        problem(
          `${profile.key}: Slurm would refuse it for ${account}: ${result.refusal}`,
          'Correct resources and options of the profile, or give the account what it needs (sacctmgr show assoc).',
        ),
      )
  }
  return wrong.length > 0 ? wrong : [ok(`Slurm would take each of ${subject.profiles.length} profiles for ${account}`)]
}
