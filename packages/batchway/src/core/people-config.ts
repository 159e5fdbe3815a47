/** The part of the configuration that says who may come in, and under which name. */
import { z } from 'zod'
import { absolutePath, duration } from './config-values.ts'

const text = z.string().regex(/^[^\0-\x1f\x7f]{1,255}$/, 'write 1 to 255 characters without control characters')
const names = z.array(text).default([])

/** `{name}` stands for one or more characters without blanks, "@" and "/". */
const pattern = z
  .string()
  .regex(
    /^(?=.{1,255}$)(?!.*\}\{)(?:[^{}\s]|\{[a-z][a-z0-9_]*\})+$/i,
    'write text with placeholders that do not touch, such as "{name}@example.edu"',
  )

export const PeopleMatch = z.strictObject({
  users: names.describe('Names of users'),
  groups: names.describe('Names of groups'),
  claims: z
    .record(text, z.array(text))
    .prefault({})
    .describe('Claim → values, e.g. { affiliation: [staff] }; compared exactly'),
})

export const PeopleConfig = z.strictObject({
  names: z
    .strictObject({
      table: absolutePath
        .optional()
        .describe('File with lines "SUBJECT NAME" (a grid-mapfile works): asked first, read again when it changes'),
      rules: z
        .array(z.strictObject({ from: pattern, to: pattern }))
        .default([])
        .describe(
          'First match decides, e.g. { from: "{name}@example.edu", to: "{name}" }; upper and lower case are one',
        ),
      command: z
        .array(text)
        .min(1)
        .optional()
        .describe(
          'argv of a program that prints the name: the subject comes in $BATCHWAY_SUBJECT, claims as JSON on standard input; exit 1 = no name',
        ),
      otherwise: z
        .enum(['keep', 'refuse'])
        .default('keep')
        .describe('What becomes of a subject that nothing above has an answer for'),
    })
    .prefault({})
    .describe('From the name that the sign-in gives to the name of a user'),
  groups: z
    .strictObject({
      claim: text.describe('Claim that lists the groups of a person'),
      only: names.describe('Groups that count: names, or beginnings such as "hpc-*"; all if empty'),
    })
    .optional()
    .describe(
      'Where groups come from; a user’s groups are replaced at each sign-in. Absent: sign-ins change no groups',
    ),
  allow: z
    .union([z.literal('everyone'), PeopleMatch], { error: 'write "everyone", or users, groups and claims' })
    .optional()
    .describe(
      'Who may come in: "everyone" who can sign in, or those who match one of the lists; everyone if absent, but to be written with OpenID Connect',
    ),
  block: PeopleMatch.prefault({}).describe('Who may not, whatever "allow" says'),
  adminGroups: names.describe('Groups whose members are administrators: decided anew at each sign-in'),
  signIn: z
    .strictObject({
      lasts: duration
        .refine((seconds) => seconds >= 60, 'write 60s or more')
        .default(14 * 86_400)
        .describe('How long a browser stays signed in at most'),
      idle: duration
        .refine(
          (seconds) => seconds >= 600,
          'write 10m or more: that somebody works in an application is noticed every five minutes',
        )
        .optional()
        .describe(
          'Signed out after so long without a request to the hub or to an application, 10m or more; what is open then is cut; never if absent',
        ),
    })
    .prefault({}),
  tokens: z
    .strictObject({
      longest: duration
        .refine((seconds) => seconds >= 60, 'write 60s or more')
        .optional()
        .describe('Longest life of a token that somebody asks for, and its life if nothing is asked; none if absent'),
    })
    .prefault({}),
})
export type PeopleConfig = z.output<typeof PeopleConfig>
