import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../../core/units.ts'
import { loadSite } from '../load-site.ts'
import { checkStateOwner } from '../state-owner.ts'
import { NewTokenAnswer, type TokenAnswer, TokenList } from './answers.ts'
import { CommandProblem } from './exit-statuses.ts'
import { makeLocalToken } from './local-token.ts'
import { Anything, pathOf } from './remote.ts'
import { answer, collect, enter, ownName, type RemoteOptions, remoteCommand } from './remote-command.ts'
import type { Surroundings } from './surroundings.ts'
import { type Column, tableText, timeText } from './table.ts'

const columns: readonly Column<TokenAnswer>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'NOTE', of: ({ note }) => note ?? '' },
  { title: 'FOR', of: ({ oauth_client: client }) => (client === 'JupyterHub' ? 'a program' : (client ?? '')) },
  { title: 'LAST USED', of: ({ last_activity }) => timeText(last_activity) },
  { title: 'EXPIRES', of: ({ expires_at }) => (expires_at == null ? 'never' : timeText(expires_at)) },
]

const toTokenLife = (text: string): number => {
  const seconds = parseDuration(text)
  if (seconds === null || seconds < 1) throw new InvalidArgumentError('write a duration such as "12h" or "30d"')
  return seconds
}

/** A new file that only its owner can read. Opened before the token is made: none is made that could not be kept. */
function openSecretFile(path: string): { write(text: string): void; discard(): void } {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new CommandProblem(
      'refused',
      code === 'EEXIST' ? `${path} exists already: name a new file` : `${path} cannot be written (${code})`,
    )
  }
  return {
    write(text) {
      writeSync(file, text)
      closeSync(file)
    },
    discard() {
      closeSync(file)
      unlinkSync(path)
    },
  }
}

interface TokenOptions extends RemoteOptions {
  readonly user?: string
}
interface CreateOptions extends TokenOptions {
  readonly note?: string
  readonly expires?: number
  readonly scope?: readonly string[]
  readonly output?: string
  readonly local?: boolean
  readonly config?: string
}

/** The text goes to the one place that was asked for: standard output, or the file. */
function handOver(
  { token, ...rest }: { readonly id: string; readonly token: string },
  to: { options: CreateOptions; here: Surroundings; file: ReturnType<typeof openSecretFile> | null },
): void {
  const { options, here, file } = to
  if (file === null) {
    answer(here, options, { ...rest, token }, () => `${token}\n`)
    return
  }
  file.write(`${token}\n`)
  answer(here, options, { ...rest, output: options.output }, () => `${rest.id} is in ${options.output}\n`)
}

async function createHere(options: CreateOptions, here: Surroundings): Promise<void> {
  const { user, note, expires, scope: scopes = [], output } = options
  if (user === undefined) throw new CommandProblem('refused', 'say whose token it is to be: --user NAME')
  if (options.url !== undefined || options.tokenFile !== undefined)
    throw new CommandProblem('refused', '--local asks no hub: leave out --url and --token-file')
  const { config } = await loadSite(options.config)
  checkStateOwner(config)
  const file = output === undefined ? null : openSecretFile(output)
  try {
    const { id, text } = await makeLocalToken(config, { user, note, expires, scopes })
    handOver({ id, token: text }, { options, here, file })
  } catch (error) {
    file?.discard()
    throw error
  }
}

export function addTokenCommands(program: Command, here: Surroundings): void {
  const tokens = program.command('token').description('tokens for programs, by the API').helpCommand(false)
  const ofUser = ['--user <name>', 'whose (else your own)'] as const
  const pathFor = async (remote: ReturnType<typeof enter>, { user }: TokenOptions) =>
    pathOf`/users/${user ?? (await ownName(remote))}/tokens`

  remoteCommand(tokens, 'list', 'list tokens; never their texts', ['token list', 'token list --user alice'])
    .option(...ofUser)
    .action(async (options: TokenOptions) => {
      const remote = enter(options, here)
      const { api_tokens: all } = await remote.read(await pathFor(remote, options), TokenList)
      answer(here, options, all, () => tableText(all, columns, here.columns, 'There are no tokens.'))
    })

  remoteCommand(tokens, 'create', 'make a token; its text is shown this once', [
    'token create --note nightly --expires 30d --output ~/.nightly-token',
    'token create --scope read:servers!user --scope servers!user --note culler',
    'token create --local --user fay --scope read:metrics --output prometheus.token',
  ])
    .option(...ofUser)
    .option('--note <text>', 'what it is for')
    .option('--expires <duration>', 'how long it counts, such as "12h" or "30d" (else as long as may be)', toTokenLife)
    .option('--scope <scope>', 'what it may do (repeatable; else all that the user may do)', collect)
    .option('--output <file>', 'write it into this new file, mode 600, in place of standard output')
    .option('--local', 'on the hub’s own machine, as its account: straight into its database, without a token')
    .option(
      '-c, --config <file>',
      'with --local: the configuration (else $BATCHWAY_CONFIG, batchway.yaml, /etc/batchway)',
    )
    .action(async (options: CreateOptions) => {
      if (options.local) return await createHere(options, here)
      const { note, expires, scope, output } = options
      const remote = enter(options, here)
      const path = await pathFor(remote, options)
      const file = output === undefined ? null : openSecretFile(output)
      const body = {
        ...(note !== undefined && { note }),
        ...(expires !== undefined && { expires_in: expires }),
        ...(scope !== undefined && { scopes: scope }),
      }
      try {
        const made = await remote.send('POST', path, body, NewTokenAnswer)
        handOver(made, { options, here, file })
      } catch (error) {
        file?.discard()
        throw error
      }
    })

  remoteCommand(tokens, 'revoke <id>', 'take a token back; of an application, all that it has of the user', [
    'token revoke a12',
    'token revoke a12 --user alice',
  ])
    .option(...ofUser)
    .action(async (id: string, options: TokenOptions) => {
      const remote = enter(options, here)
      await remote.send('DELETE', `${await pathFor(remote, options)}${pathOf`/${id}`}`, undefined, Anything)
      answer(here, options, { id, revoked: true }, () => 'revoked\n')
    })
}
