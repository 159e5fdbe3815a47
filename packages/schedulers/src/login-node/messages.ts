/**
 * What a hub and the program on a login node say to each other, through ssh: one JSON text in each line. Types alone; `parse-order.ts` reads
 * there what comes from here, `ssh/parse-answer.ts` here what comes from there: neither trusts the other.
 */
import type { End } from '../execute.ts'
import type { HoldState } from '../hold.ts'

export const loginNodeProtocol = 1

export interface RemoteExecution {
  /** An absolute path, or a bare name: the login node's own rules say which program that is. */
  readonly file: string
  readonly args: readonly string[]
  /** Null: as the account that the program there runs as. */
  readonly account: string | null
  readonly variables: Readonly<Record<string, string>>
  readonly stdin: string
  readonly timeoutMs: number
  readonly outputLimitBytes: number
  readonly graceMs: number
  /** Name of a hold that exists there, or null. */
  readonly hold: string | null
}

export type RemoteOrder =
  | { readonly type: 'execute'; readonly id: number; readonly execution: RemoteExecution }
  | { readonly type: 'abort'; readonly id: number }
  | {
      readonly type: 'hold'
      readonly id: number
      readonly name: string
      readonly act: 'make' | 'look' | 'remove'
    }
  /** By login name or uid. */
  | { readonly type: 'account'; readonly id: number; readonly key: string }
  | { readonly type: 'clock'; readonly id: number }

/** What the login node's account database says. */
export interface RemoteAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
}

export interface RuledCommand {
  readonly file: string
  /** `users`: as any account that sudo there allows. `itself`: as the account of the program. */
  readonly as: 'users' | 'itself'
}

/** The first line, before any order. */
export interface Hello {
  readonly type: 'hello'
  readonly protocol: number
  /** Of Batchway, as installed there. */
  readonly version: string
  readonly host: string
  readonly account: string
  /** Lowest uid of people there. */
  readonly uidMin: number
  readonly commands: readonly (RuledCommand & { readonly isThere: boolean })[]
  /** The agent that was installed with the program, as the nodes see it; null if it runs from a checkout. */
  readonly agent: { readonly directory: string; readonly node: string } | null
}

export type RemoteAnswer =
  | { readonly type: 'ended'; readonly id: number; readonly end: End }
  | { readonly type: 'hold'; readonly id: number; readonly state: HoldState }
  | { readonly type: 'account'; readonly id: number; readonly account: RemoteAccount | null }
  /** Unix milliseconds. */
  | { readonly type: 'clock'; readonly id: number; readonly now: number }
  /** Nothing was done. */
  | { readonly type: 'failed'; readonly id: number; readonly words: string }
