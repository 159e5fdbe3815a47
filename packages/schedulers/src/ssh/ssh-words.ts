/** What went wrong with a connection, in words for who runs the gateway. Pure. */

export interface SshFailure {
  readonly words: string
  /** Another try will not help: somebody must change something. */
  readonly isFinal: boolean
}

/** First match decides. @see ssh(1) of OpenSSH 9.2 */
const known: readonly (readonly [RegExp, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    'its host key is not the one that is known here. If it was set up anew, put its new key into knownHostsFile; if not, somebody else answers under its name',
  ],
  [
    /No \S+ host key is known for|Host key verification failed/,
    'its host key is not known here: put it into knownHostsFile, as its administrator tells it',
  ],
  [
    /UNPROTECTED PRIVATE KEY FILE|bad permissions/,
    'the identityFile can be read by others than the hub: chmod 600, owned by the hub’s account',
  ],
  [
    /Load key .*: (?:Permission denied|No such file)|Identity file .* not accessible/,
    'the identityFile cannot be read',
  ],
  [/Load key /, 'the identityFile holds no private key that ssh can use without a passphrase'],
  [
    /Permission denied \(/,
    'it does not take the key: is the identityFile there, is its public half in authorized_keys of the login node, and may the account log in?',
  ],
  [
    /batchway-commands: (?:command )?not found|not found: batchway-commands|: batchway-commands: /,
    'the key has no forced command there: "batchway setup login-node key" prints the line for authorized_keys',
  ],
]

/**
 * @param stderr what ssh and the program behind it wrote.
 * @param printed what came before the first line of the protocol, if that was none.
 */
export function sshFailure(stderr: string, printed: string | null, exitCode: number | null): SshFailure {
  const found = known.find(([pattern]) => pattern.test(stderr))
  if (found) return { words: found[1], isFinal: true }
  const [, own] = /^batchway-commands: (.*)$/m.exec(stderr) ?? []
  if (own !== undefined) return { words: `its batchway-commands does not start: ${plain(own)}`, isFinal: true }
  if (printed !== null)
    return { words: `it printed ${JSON.stringify(plain(printed))} in place of an answer`, isFinal: true }
  const last = stderr.trim().split('\n').at(-1) ?? ''
  const words = plain(last) || (exitCode === null ? 'the connection was lost' : `ssh ended with ${exitCode}`)
  return { words, isFinal: false }
}

const plain = (text: string): string =>
  text
    .replace(/[\0-\x1f\x7f]+/g, ' ')
    .trim()
    .slice(0, 300)
