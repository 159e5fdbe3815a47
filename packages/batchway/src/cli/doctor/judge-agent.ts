/** The folder that `batchway agent install` filled, as this host sees it. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'

export interface AgentFacts {
  /** `agent` of the cluster; null where it is left to the hub's state directory. */
  readonly folder: string | null
  /** The version that jobs are given; null if there is none. */
  readonly installed: {
    readonly directory: string
    /** Version of its package; null if it cannot be read. */
    readonly version: string | null
    readonly protocol: number | null
    /** The runtime for this machine's kind is there and can be started. */
    readonly hasRuntime: boolean
  } | null
  /** Parts of its path that others than root and its owner can replace or write. */
  readonly weakPlaces: readonly string[]
  /** Parts of its path that other accounts cannot pass or read. */
  readonly closedPlaces: readonly string[]
  readonly own: { readonly version: string; readonly protocol: number; readonly oldestProtocol: number }
  /** Jobs run as other accounts than the hub's. */
  readonly actsForOthers: boolean
  /** The driver runs jobs on this machine only. */
  readonly isLocal: boolean
}

const example = '/shared/apps/batchway'

export function judgeAgent(facts: AgentFacts): readonly Verdict[] {
  const { folder, installed, weakPlaces, closedPlaces, own, actsForOthers, isLocal } = facts
  const install = literal(`batchway agent install ${folder ?? example}`)
  if (folder === null && actsForOthers)
    return [
      problem(
        'no folder is named, and the hub’s state directory is closed to the accounts that jobs run as',
        `As root, into a folder that ${isLocal ? 'everybody can read' : 'compute nodes see'}; then write agent: ${example} into the cluster:`,
        install,
      ),
    ]
  if (installed === null)
    return folder === null
      ? [ok('the hub installs it beside its state at the first start')]
      : [problem(`there is no agent in ${folder}`, 'As the owner of the folder:', install)]
  const { directory, version, protocol, hasRuntime } = installed
  const wrong = [
    ...(protocol !== null && protocol < own.protocol && protocol >= own.oldestProtocol
      ? [
          warning(
            `${directory} speaks protocol ${protocol}, the hub ${own.protocol}: what is new in it is refused, such as applications with {socket}`,
            'Install the agent of this version, then restart the hub:',
            install,
          ),
        ]
      : protocol !== own.protocol
        ? [
            problem(
              `${directory} speaks protocol ${protocol ?? '(unknown)'}, the hub ${own.protocol}: the hub will refuse its claims`,
              'Install the agent of this version, then restart the hub:',
              install,
            ),
          ]
        : version !== own.version
          ? [
              warning(
                `${directory} is of version ${version ?? '(unknown)'}, the hub ${own.version}`,
                'It is good for now. After each update, and then restart the hub:',
                install,
              ),
            ]
          : []),
    ...(hasRuntime ? [] : [problem(`${directory} has no runtime that starts here`, 'Install it again:', install)]),
    ...(weakPlaces.length > 0
      ? [
          problem(
            `others can change what jobs run: ${weakPlaces.join('; ')}`,
            'Folder and files must be writable by their owner alone, and so must every folder above.',
          ),
        ]
      : []),
    ...(closedPlaces.length > 0 && actsForOthers
      ? [
          problem(
            `other accounts cannot read it: ${closedPlaces.join('; ')}`,
            'Make it readable for everybody: chmod a+rX.',
          ),
        ]
      : []),
  ]
  return wrong.length > 0 ? wrong : [ok(`${directory}, protocol ${protocol}`)]
}
