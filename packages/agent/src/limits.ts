import type { Activity } from './activity.ts'
import type { Clock } from './clock.ts'
import { openIdleLimit, type Sign } from './idle-limit.ts'
import type { ClaimReply, ReportReply, WarningReport } from './protocol.ts'
import { StopReason } from './stop-reason.ts'
import { openWalltime } from './walltime.ts'

const tickMs = 1_000
/** At the limit itself a SIGTERM is the scheduler's end of the walltime, whichever of the two clocks is a little off. */
const sameMomentMs = 2_000

/** What ends a session because time passes: its walltime, and nobody using it. */
export interface Limits {
  /** The hub's word on the walltime, with the claim and with each reply. */
  learn(word: Pick<ReportReply, 'endsAt' | 'now'>): void
  /** The hub has been told these warnings. */
  told(warnings: readonly WarningReport[]): void
  /** Until the walltime is over; null while nobody has told. */
  readonly leftSeconds: number | null
  /** What holds now. */
  readonly warnings: readonly WarningReport[]
  /** Is the walltime over, or as good as? */
  readonly isWalltimeOver: boolean
  /** Watch the walltime until the signal aborts. */
  watchWalltime(signal: AbortSignal): Promise<void>
  /** Watch for use from now on, until the signal aborts; does nothing without an idle limit. */
  watchUse(look: (() => Promise<Sign>) | null, signal: AbortSignal): Promise<void>
}

export interface LimitsTools {
  readonly clock: Clock
  readonly activity: Activity
  readonly log: (line: string) => void
  /** The session must end, for this reason. */
  readonly onEnd: (reason: StopReason) => void
  /** The set of warnings has changed: tell the hub now. */
  readonly onWarnings: () => void
}

export function openLimits(
  claim: Pick<ClaimReply, 'endsAt' | 'now' | 'walltime' | 'idle'>,
  tools: LimitsTools,
): Limits {
  const { clock, activity, log, onEnd, onWarnings } = tools
  const { idle: idleOrder } = claim
  // Without an order (an older hub) the scheduler alone ends the walltime.
  const walltime = openWalltime(claim.walltime ?? { warnSeconds: [], leaveSeconds: Number.NEGATIVE_INFINITY }, clock)
  const lookMs = Math.min(60_000, Math.max(tickMs, (idleOrder?.seconds ?? 0) * 50))
  const idle = idleOrder ? openIdleLimit(idleOrder, clock, lookMs + 10_000) : null
  let announced = ''

  const warnings = (): WarningReport[] => [walltime.warning, idle?.warning ?? null].filter((one) => one !== null)
  /** Says a warning when it begins and when it is off; how much time is left is no news. */
  function announce(): void {
    const now = warnings()
    const text = now.map(({ about, limitSeconds }) => `${about} ${limitSeconds}`).join()
    if (text === announced) return
    announced = text
    for (const { about, endsInSeconds } of now) log(`warning: ${about}, ends in ${Math.round(endsInSeconds)} s`)
    if (now.length === 0) log('what was warned of is off')
    onWarnings()
  }
  const learn: Limits['learn'] = ({ endsAt, now }) => {
    walltime.learn(endsAt === null ? null : endsAt - (now ?? clock.now()))
  }
  learn({ endsAt: claim.endsAt, ...(claim.now !== undefined && { now: claim.now }) })

  return {
    learn,
    told: (all) => {
      if (all.some(({ about }) => about === 'idle')) idle?.told()
    },
    get leftSeconds() {
      const { leftMs } = walltime
      return leftMs === null ? null : Math.max(0, leftMs / 1000)
    },
    get warnings() {
      return warnings()
    },
    get isWalltimeOver() {
      const { leftMs } = walltime
      return leftMs !== null && leftMs <= sameMomentMs
    },
    watchWalltime: async (signal) => {
      while (!signal.aborted) {
        announce()
        if (walltime.isDue) {
          const left = Math.max(0, Math.round((walltime.leftMs ?? 0) / 1000))
          onEnd(new StopReason('walltime', `the walltime is over in ${left} s`))
          return
        }
        await clock.sleep(tickMs, signal)
      }
    },
    watchUse: async (look, signal) => {
      if (!idle || !idleOrder) return
      let touches = activity.touches
      while (!signal.aborted) {
        const told = look && idleOrder.activity === 'jupyter' ? await look() : 'quiet'
        if (told === 'used') activity.note()
        idle.look(activity.touches === touches ? told : 'used')
        touches = activity.touches
        announce()
        if (idle.isDue && !signal.aborted) {
          onEnd(new StopReason('idle', `nobody used it for ${Math.round(idle.quietMs / 1000)} s`))
          return
        }
        await clock.sleep(lookMs, signal)
      }
    },
  }
}
