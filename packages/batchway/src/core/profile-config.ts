/** The part of the configuration that says what may be started. */
import { z } from 'zod'
import { duration, key, memory, plainText } from './config-values.ts'
import { PeopleMatch } from './people-config.ts'

const gpuType = z.string().regex(/^[A-Za-z0-9_.-]{1,63}$/, 'not a GPU type')

const ResourcesConfig = z.strictObject({
  cores: z.int().min(1).max(100_000).default(1).describe('Processor cores'),
  memory: memory.default(1_024).describe('Main memory, e.g. "4G"'),
  gpus: z.int().min(0).max(1_000).default(0).describe('Number of GPUs'),
  gpuType: gpuType.optional().describe('Type of GPU, as the scheduler names it'),
  walltime: duration.default(3_600).describe('How long the session may run, e.g. "8h"'),
})

/** Upper limits; absent: none of ours. */
export const ProfileLimitsConfig = z.strictObject({
  cores: z.int().min(1).optional(),
  memory: memory.optional(),
  gpus: z.int().min(0).optional(),
  walltime: duration.optional(),
})

/** Names that the form, its address and the API use for something else, or that a resource has already. */
const taken = ['profile', 'next', 'again', 'cores', 'memory', 'gpus', 'gpuType', 'walltime']

const optionName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,30}$/, 'not the name of an option of a driver')
  .refine((name) => !taken.includes(name), 'this name means something else in a form')

const unique = (values: readonly string[]): boolean => new Set(values).size === values.length

const ChooseConfig = z.strictObject({
  cores: z
    .tuple([z.int().min(1), z.int().min(1)])
    .optional()
    .describe('[lowest, highest]'),
  memory: z.tuple([memory, memory]).optional().describe('[lowest, highest]'),
  gpus: z
    .tuple([z.int().min(0), z.int().min(0)])
    .optional()
    .describe('[lowest, highest]'),
  gpuType: z
    .array(gpuType)
    .min(1)
    .refine(unique, 'names a value twice')
    .optional()
    .describe('Types of GPU, the first one first'),
  walltime: z.tuple([duration, duration]).optional().describe('[lowest, highest]'),
  options: z
    .record(
      optionName,
      z.union(
        [
          z.array(plainText).min(1).max(200).refine(unique, 'names a value twice'),
          z
            .string()
            .regex(
              /^\{(groups|claim\.[^{}\0-\x20\x7f]{1,255})\}$/,
              'write a list of values, "{groups}", or "{claim.NAME}"',
            ),
        ],
        { error: 'write a list of values, "{groups}", or "{claim.NAME}"' },
      ),
    )
    .prefault({})
    .describe(
      'Options of the driver, such as partition, queue or account: values to choose from, or "{groups}" or "{claim.NAME}" for those that the user has',
    ),
})

export const ProfileConfig = z.strictObject({
  key,
  title: plainText,
  description: plainText.optional(),
  offeredTo: PeopleMatch.optional().describe('Who is offered it: those who match one of the lists; everyone if absent'),
  cluster: key,
  application: key,
  resources: ResourcesConfig.prefault({}),
  choose: ChooseConfig.prefault({}).describe('What a user may change, and within which limits'),
  options: z
    .record(z.string(), z.unknown())
    .prefault({})
    .describe('Options of the driver for each job, e.g. partition'),
  requeue: z.boolean().default(false).describe('May the scheduler start the job again after a node failure?'),
  limits: z
    .strictObject({
      queue: duration.optional().describe('Longest wait in the queue; none if absent'),
      boot: duration.default(600).describe('From the job’s start to its agent’s first word'),
      ready: duration.default(300).describe('From the application’s start to its first answer'),
      stop: duration.default(20).describe('How long the application may take to end'),
      idle: duration
        .refine((seconds) => seconds >= 20, 'write 20s or more, or leave it out for no limit')
        .optional()
        .describe('Warn, then end a session that nobody has used for so long; never if absent'),
      idleWarning: duration
        .refine((seconds) => seconds > 0, 'people must be warned: write 1s or more')
        .optional()
        .describe('How long before the end of "idle" people are warned; 10 minutes or half of it if absent'),
      idleCounts: z
        .enum(['all', 'browser'])
        .default('all')
        .describe('What counts as use: "all" (requests, computing kernels, open notebooks) or only "browser" traffic'),
    })
    .refine(({ idle, idleWarning }) => idle === undefined || idleWarning === undefined || idleWarning < idle, {
      path: ['idleWarning'],
      error: 'must be shorter than "idle"',
    })
    .prefault({}),
})

export const TuplesConfig = z.strictObject({
  application: key.default('jupyter').describe('What such profiles run'),
  clusters: z
    .record(plainText, key)
    .prefault({})
    .describe(
      'Which cluster stands for a class, e.g. "batchspawner.TorqueSpawner", or for CLASS@HOST where req_host tells',
    ),
  queues: z.record(plainText, plainText).prefault({}).describe('Other names of queues and partitions'),
  accounts: z.record(plainText, plainText).prefault({}).describe('Other names of accounts'),
  walltime: duration.default(3_600).describe('For tuples without req_runtime'),
})
export type TuplesConfig = z.output<typeof TuplesConfig>
