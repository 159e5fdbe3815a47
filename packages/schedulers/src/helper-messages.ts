/** What a hub and its command helper say to each other, over the channel that Node makes for a forked child. */
import type { End, Execution } from './execute.ts'

export type HelperOrder =
  | { readonly type: 'execute'; readonly id: number; readonly execution: Execution }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'hold'; readonly id: number; readonly path: string }

export type HelperAnswer =
  | { readonly type: 'spawned'; readonly id: number; readonly pid: number }
  | { readonly type: 'ended'; readonly id: number; readonly end: End }
  | { readonly type: 'held'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly words: string }
