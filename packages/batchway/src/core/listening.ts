/** Where an application is told to listen: by a placeholder of its command or environment, which its agent fills in. Pure. */

export type ListensOn = 'port' | 'socket'

/** What an administrator wrote about an application's start. */
interface Words {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** Which of `{port}` and `{socket}` stand in it. */
export function placeholdersIn({ argv, environment }: Words): ReadonlySet<ListensOn> {
  const texts = [...argv, ...Object.values(environment)]
  return new Set((['port', 'socket'] as const).filter((name) => texts.some((text) => text.includes(`{${name}}`))))
}

/** An application whose start speaks of no place listens on a port: unmodified Jupyter is told it by a variable of the hub's. */
export const listensOn = (words: Words): ListensOn => (placeholdersIn(words).has('socket') ? 'socket' : 'port')

/**
 * What is wrong with the placeholders of one application, and where; null if nothing is.
 * @param words without `argv` where the kind's own command is used, which listens on a port.
 */
export function listeningProblem(
  kind: 'jupyterhub-singleuser' | 'jupyter' | 'command',
  {
    command,
    environment,
  }: { readonly command?: readonly string[] | undefined; readonly environment: Words['environment'] },
): { readonly key: 'command' | 'environment'; readonly message: string } | null {
  const inCommand = placeholdersIn({ argv: command ?? [], environment: {} })
  const found = placeholdersIn({ argv: command ?? [], environment })
  const key = command !== undefined && (inCommand.has('socket') || !found.has('socket')) ? 'command' : 'environment'
  if (kind === 'jupyterhub-singleuser')
    return found.has('socket')
      ? {
          key,
          message:
            'jupyterhub-singleuser listens on the port of JUPYTERHUB_SERVICE_URL, behind its own sign-in: remove {socket}',
        }
      : null
  if (command === undefined)
    return kind === 'jupyter' && found.has('socket')
      ? { key, message: 'this kind’s own command listens on {port}: to use {socket}, write the command too' }
      : null
  if (found.size === 2)
    return { key, message: 'an application listens at one place: write either {socket} or {port}, not both' }
  if (found.size === 0)
    return {
      key,
      message:
        'nothing tells the application where to listen: write {socket} where it takes the path of a unix socket (no other account of the node reaches it), else {port}',
    }
  return null
}
