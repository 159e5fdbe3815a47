/** What all commands over the API have in common: whom they ask, how they answer, what their help shows. */
import type { Command } from 'commander'
import { UserAnswer } from './answers.ts'
import { type CredentialOptions, findCredentials } from './credentials.ts'
import { CommandProblem } from './exit-statuses.ts'
import { openRemote, type Remote } from './remote.ts'
import type { Surroundings } from './surroundings.ts'

export interface RemoteOptions extends CredentialOptions {
  readonly json?: boolean
}

/** @param usage name and arguments, as commander reads them. @param examples lines to type. */
export function remoteCommand(
  parent: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  return parent
    .command(usage)
    .description(description)
    .option('--url <address>', 'the gateway, as people open it (else $BATCHWAY_URL, or the credentials file)')
    .option(
      '--token-file <file>',
      'file that holds the token, mode 600 (else $BATCHWAY_TOKEN, or the credentials file)',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  batchway ${line}\n`).join('')}`.trimEnd())
}

/** @throws {CommandProblem} when it is not known which hub, or with which token. */
export function enter(options: RemoteOptions, here: Surroundings): Remote {
  const credentials = findCredentials(options, here.env)
  if (credentials.isInClear)
    here.err(`batchway: ${credentials.api} is not encrypted: others on the way can read the token\n`)
  return openRemote(credentials, here)
}

/** JSON for programs, or else text for people. */
export function answer(here: Surroundings, { json }: RemoteOptions, value: unknown, text: () => string): void {
  here.out(json ? `${JSON.stringify(value, null, 2)}\n` : text())
}

/** The person whose token it is. @throws {CommandProblem} for a service: it must say whom it means. */
export async function ownName(remote: Remote): Promise<string> {
  const { kind, name } = await remote.read('/user', UserAnswer)
  if (kind === 'service')
    throw new CommandProblem('refused', `this is the token of the service ${name}: say whose with --user NAME`)
  return name
}

/** Collect what may be written several times. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

/** What the hub must change again and again until it agrees: for so many tries, so far apart. */
const busyTries = 60
const busyMs = 2_000

/** Ask again while the hub says that something is still on its way. @throws {CommandProblem} the last one. */
export async function untilFree<T>(
  here: Surroundings,
  ask: () => Promise<T>,
  isWorthIt: (problem: CommandProblem) => boolean,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof CommandProblem) || tries >= busyTries || !isWorthIt(error)) throw error
      await here.pause(busyMs)
    }
  }
}
