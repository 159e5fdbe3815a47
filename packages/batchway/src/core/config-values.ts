/** Values as they are written in the configuration, each with words for what to write instead. */
import { z } from 'zod'
import { parseDuration, parseMemory } from './units.ts'

export const duration = z
  .string({ error: 'write a duration such as "90s", "15m", "8h" or "1-12:00:00"' })
  .transform((text, context) => {
    const seconds = parseDuration(text)
    if (seconds !== null) return seconds
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not a duration: write "90s", "15m", "8h" or "1-12:00:00"`,
    })
    return z.NEVER
  })

export const memory = z
  .string({ error: 'write a size with its unit, such as "500M" or "16G"' })
  .transform((text, context) => {
    const mebibytes = parseMemory(text)
    if (mebibytes !== null && mebibytes > 0) return mebibytes
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not a memory size: write "500M", "16G" or "1T"`,
    })
    return z.NEVER
  })

export const key = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/i, 'use a letter, then letters, digits, "-" or "_" (at most 63 characters)')

export const url = z.url({
  protocol: /^https?$/,
  error: 'write a full address such as "https://hpc.example.edu/jupyter/"',
})

export const listener = z
  .string()
  .regex(
    /^(unix:\/[^\0]{1,100}|\[[0-9a-f:]+\]:\d{1,5}|[^\s:[\]/]+:\d{1,5})$/i,
    'write "HOST:PORT", "[IPV6]:PORT" or "unix:/absolute/path"',
  )
  .refine((text) => text.startsWith('unix:') || Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, {
    error: 'write a port of at most 65535',
  })

export const absolutePath = z
  .string({ error: 'write an absolute path' })
  .regex(/^\/[^\0\n]*$/, 'write an absolute path')

/** Text for argv and environments: control characters are refused everywhere. */
export const plainText = z.string().regex(/^[^\0-\x1f\x7f]*$/, 'control characters are not allowed here')

export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not a name of an environment variable'),
  plainText,
)
