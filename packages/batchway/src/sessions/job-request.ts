/** What is submitted for a session: one place makes it, for the scheduler and for who wants to see it before. */
import { renderJobScript } from '@batchway/agent'
import { type Command, type JobRequest, SchedulerError } from '@batchway/schedulers'
import { tagOf } from './ids.ts'
import type { ClusterSite, InstalledAgentPlace, RoomSettings } from './room.ts'
import type { Session } from './session.ts'

/** What is told of a start, and only of it. */
export interface StartFacts {
  readonly tag: string
  readonly secret: string
  readonly outputPath: string
}

/** Where a job writes, in its owner’s home. */
export const outputPathOf = (home: string, tag: string): string => `${home}/.batchway-${tag}.log`

/** Where a cluster's jobs find the agent now. @throws {SchedulerError} if its login node cannot say. */
export const agentOf = async ({ agent }: Pick<ClusterSite, 'agent'>): Promise<InstalledAgentPlace> =>
  typeof agent === 'function' ? await agent() : agent

export async function makeJobRequest(
  session: Pick<Session, 'id' | 'attempt' | 'account' | 'spec'>,
  { tag, secret, outputPath }: StartFacts,
  site: ClusterSite,
  { hubPatienceSeconds }: Pick<RoomSettings, 'hubPatienceSeconds'>,
): Promise<JobRequest> {
  const { application, resources, requeue, jobOptions } = session.spec
  const agent = await agentOf(site)
  return {
    name: tag,
    account: session.account,
    script: renderJobScript({
      ticket: {
        protocol: 1,
        session: session.id,
        attempt: session.attempt,
        secret,
        hubUrl: site.hubUrl,
        hubPatienceSeconds,
        ...(site.cluster.driver.secretChannel === 'log' && { mark: true }),
      },
      agentDir: agent.directory,
      node: agent.node,
      modules: application.modules,
      prologue: application.prologue,
      log: outputPath,
    }),
    resources,
    workdir: await site.homeOf(session.account),
    // A scheduler that cannot open a job’s output ends it without a word; the script opens it, and can say why it could not.
    outputPath: '/dev/null',
    requeue,
    options: jobOptions,
  }
}

/** What a preview cannot know: what each start gets anew. They stand in it as these texts. */
export const blanks = { session: 'SESSIONID', secret: 'SECRET-OF-THIS-START' } as const

export interface JobPreview {
  /** File and arguments. */
  readonly command: readonly string[]
  /** Standard input of the command: the job script; empty for a scheduler that takes it in another way. */
  readonly script: string
}

export const toPreview = ({ file, args, stdin = '' }: Command): JobPreview => ({
  command: [file, ...args],
  script: stdin,
})

/** The preview with the blanks filled in, of any start: what was submitted then, byte for byte. */
export function fillBlanks(preview: JobPreview, { id }: Pick<Session, 'id'>, secret: string): JobPreview {
  const fill = (text: string): string => text.replaceAll(blanks.session, id).replaceAll(blanks.secret, secret)
  return { command: preview.command.map(fill), script: fill(preview.script) }
}

/** What the first attempt of a start with this spec would submit. @throws {SchedulerError} @throws {BatchwayError} without an account there */
export async function previewJob(
  owner: Parameters<ClusterSite['accountOf']>[0],
  spec: Session['spec'],
  clusters: ReadonlyMap<string, ClusterSite>,
  settings: Pick<RoomSettings, 'instance' | 'hubPatienceSeconds'>,
): Promise<JobPreview> {
  const site = clusters.get(spec.cluster)
  if (!site) throw new SchedulerError('refused', `cluster ${spec.cluster} is not configured`)
  const account = await site.accountOf(owner)
  const tag = tagOf(settings.instance, blanks.session, 1)
  const outputPath = outputPathOf(await site.homeOf(account), tag)
  const session = { id: blanks.session, attempt: 1, account, spec }
  const request = await makeJobRequest(session, { tag, secret: blanks.secret, outputPath }, site, settings)
  return toPreview(site.cluster.commandOf(request))
}
