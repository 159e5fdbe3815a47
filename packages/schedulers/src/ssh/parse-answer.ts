/** Reads what a login node says: it is another machine, and may be in other hands. */
import { z } from 'zod'
import type { Hello, RemoteAnswer } from '../login-node/messages.ts'

const text = z.string().max(4_096)
const path = z.string().regex(/^\/[^\0-\x1f\x7f]{0,4095}$/)
const uid = z.int().min(0).max(4_294_967_295)

const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.int(),
  version: text,
  host: text,
  account: text,
  uidMin: uid,
  commands: z.array(z.object({ file: path, as: z.enum(['users', 'itself']), isThere: z.boolean() })).max(1_000),
  agent: z.object({ directory: path, node: path }).nullable(),
}) satisfies z.ZodType<Hello>

const end = z.object({
  isOver: z.boolean(),
  exitCode: z.int().nullable(),
  signal: text.nullable(),
  stop: z.enum(['timeout', 'abort', 'output', 'runner']).nullable(),
  hasReadAll: z.boolean(),
  startError: text.nullable(),
  stdout: z.string(),
  stderr: z.string(),
})

const id = z.int().min(0)
const answerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ended'), id, end }),
  z.object({ type: z.literal('hold'), id, state: z.enum(['held', 'free', 'absent']) }),
  z.object({
    type: z.literal('account'),
    id,
    account: z.object({ name: text, uid, gid: uid, home: text, shell: text }).nullable(),
  }),
  z.object({ type: z.literal('clock'), id, now: z.number() }),
  z.object({ type: z.literal('failed'), id, words: text }),
]) satisfies z.ZodType<RemoteAnswer>

function read<T>(schema: z.ZodType<T>, line: string): T | null {
  try {
    return schema.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}

/** @returns null for what is no such line. */
export const parseHello = (line: string): Hello | null => read(helloSchema, line)
export const parseAnswer = (line: string): RemoteAnswer | null => read(answerSchema, line)
