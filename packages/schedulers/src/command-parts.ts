/** What the commands of schedulers are made of, the same for every driver. */
import { join } from 'node:path'
import { z } from 'zod'

/** Setting of a driver. @param commands `sbatch, squeue and scancel` */
export const commandDirectory = (commands: string) =>
  z
    .string()
    .regex(/^\/[\w.+/-]*$/, 'expected an absolute path')
    .describe(`Folder of ${commands}; without it they are found on PATH`)
    .optional()

/** The file of a command. */
export const command = (name: string, settings: { readonly commandDirectory?: string | undefined }): string =>
  settings.commandDirectory === undefined ? name : join(settings.commandDirectory, name)

/** Option of a job that is one word on a command line, and never an option there. */
export const word = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_][\w.@+-]{0,127}$/, 'expected letters, digits and . _ @ + -')
    .describe(description)
    .optional()

/** An option and its value, for each value that is there. */
export const options = (values: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
