/** All checks, one after the other: each finding as soon as it is known. */
import { statePaths } from '../../app/state-paths.ts'
import { version } from '../../app/version.ts'
import { basePathOf } from '../../core/config.ts'
import type { LoadedConfig } from '../../core/load-config.ts'
import { openSubjects } from './cluster-subject.ts'
import { examineCluster } from './examine-cluster.ts'
import { examineJob } from './examine-job.ts'
import { type Finding, ok, skipped, toFinding } from './finding.ts'
import { judgeHostNames } from './judge-host-names.ts'
import { judgeListeners, judgeProxy, judgeRoutes } from './judge-network.ts'
import { judgePam } from './judge-pam.ts'
import { judgeAccount, judgeDatabase, judgeSecrets, judgeState, judgeVersions } from './judge-site.ts'
import { lookAtHostNames } from './look-at-host-names.ts'
import { lookAtPam } from './look-at-pam.ts'
import {
  lookAtDatabase,
  lookAtListener,
  lookAtProxy,
  lookAtRoutes,
  lookAtSecrets,
  lookAtState,
  runningHub,
  siteOfKey,
} from './look-at-site.ts'

export interface Examination {
  readonly loaded: LoadedConfig
  readonly configFile: string
  /** Keys; all clusters if null. */
  readonly clusters: readonly string[] | null
  readonly account: string | null
  readonly withJob: boolean
  readonly self: { readonly uid: number; readonly name: string }
  /** How the doctor was called, to be repeated as another account. */
  readonly argv: string
  readonly environment: NodeJS.ProcessEnv
  readonly now: () => number
  readonly random: (bytes: number) => string
  readonly signal: AbortSignal
  readonly say: (words: string) => void
}

export async function* examineSite(order: Examination): AsyncGenerator<Finding> {
  const { loaded, configFile, self, argv, signal } = order
  const { config } = loaded
  const paths = statePaths(config)
  yield toFinding('configuration', ok(configFile))
  const state = lookAtState(config, paths, self.name)
  const account = judgeAccount({ ...self, state: state.state, argv })
  yield toFinding('account', account)
  if (account.status === 'problem') return

  const running = await runningHub(config, paths)
  const isHubRunning = running !== null
  const site = running?.site ?? null
  yield toFinding('versions', judgeVersions({ own: version, node: process.version, running: running?.version ?? null }))
  for (const verdict of judgeState(state)) yield toFinding('state-directory', verdict)
  for (const verdict of judgeSecrets(lookAtSecrets(paths), self.uid)) yield toFinding('secrets', verdict)
  const database = judgeDatabase(await lookAtDatabase(paths.database, isHubRunning))
  yield toFinding('database', database)

  const proxy = await lookAtProxy(config, paths, isHubRunning)
  const apiPath = `${basePathOf(config)}hub/api`
  const listeners = await Promise.all([
    ...config.listen.map((address) =>
      lookAtListener(address, 'listen', {
        isRunning: proxy.facts.answer === 'ok',
        apiPath,
        site,
        isTls: config.proxy.tls !== undefined,
      }),
    ),
    ...config.hub.internal.map((address) =>
      lookAtListener(address, 'hub.internal', { isRunning: isHubRunning, apiPath, site }),
    ),
  ])
  for (const verdict of judgeListeners(listeners)) yield toFinding('listeners', verdict)
  yield toFinding('proxy', judgeProxy(proxy.facts))
  const routes = proxy.facts.answer === 'ok' ? await lookAtRoutes(config, paths) : null
  if (routes === null) yield toFinding('routes', skipped('the proxy or the database did not answer'))
  else for (const verdict of judgeRoutes(routes)) yield toFinding('routes', verdict)

  const names = await lookAtHostNames(config, order.random)
  if (names !== null) for (const verdict of judgeHostNames(names)) yield toFinding('host-names', verdict)

  for (const way of config.signIn) {
    if (way.type !== 'pam') continue
    for (const verdict of judgePam(await lookAtPam(way, self.name))) yield toFinding('pam', verdict)
  }

  const subjects = openSubjects(loaded, paths, { signal, account: self.name, environment: order.environment })
  for (const each of subjects) {
    if (order.clusters !== null && !order.clusters.includes(each.key)) continue
    const { agent } = each.site
    // Jobs behind a login node find their agent where it says.
    const subject = typeof agent === 'function' ? { ...each, agent: await agent().catch(() => null) } : each
    signal.throwIfAborted()
    const person = subject.config.transport === 'self' ? self.name : order.account
    const { slurm, canTryJob } = yield* examineCluster({
      subject,
      hub: self.name,
      account: person,
      isHubRunning,
      withJob: order.withJob,
    })
    signal.throwIfAborted()
    if (!order.withJob || !canTryJob || person === null) {
      const why = !order.withJob
        ? '--no-job'
        : person === null
          ? 'name somebody: --as ACCOUNT'
          : 'the scheduler does not answer'
      yield toFinding('job-submit', skipped(`no job was submitted (${why})`), subject.key)
      continue
    }
    yield* examineJob({
      subject,
      config,
      setting: {
        hub: self.name,
        account: person,
        slurm: slurm?.settings ?? null,
        isKnownInAccounting: slurm !== null && slurm.adminLevel !== null,
      },
      isHubRunning,
      site: site ?? siteOfKey(paths) ?? order.random(8),
      now: order.now,
      random: order.random,
      signal,
      say: order.say,
    })
  }
}
