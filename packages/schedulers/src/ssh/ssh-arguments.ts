/** The argv of one long-lived ssh(1). Pure. */

export interface SshTarget {
  readonly host: string
  readonly port: number
  readonly user: string
  /** Private key without a passphrase, readable by the hub alone. */
  readonly identityFile: string
  readonly knownHostsFile: string
}

/** A name or an address that no option parser takes for something else; no `user@`, no jump, no zone. */
export const isSshHost = (text: string): boolean => /^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$/.test(text)

/** Everything is said here: neither the account's configuration nor the machine's has a say in whom we trust and what goes along. */
export function sshArguments({ host, port, user, identityFile, knownHostsFile }: SshTarget): readonly string[] {
  if (!isSshHost(host)) throw new Error(`not the name of a host: ${JSON.stringify(host.slice(0, 64))}`)
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: knownHostsFile,
    GlobalKnownHostsFile: '/dev/null',
    UpdateHostKeys: 'no',
    CheckHostIP: 'no',
    IdentityFile: identityFile,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    PreferredAuthentications: 'publickey',
    ControlMaster: 'no',
    ControlPath: 'none',
    ProxyCommand: 'none',
    PermitLocalCommand: 'no',
    ClearAllForwardings: 'yes',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    EscapeChar: 'none',
    ConnectTimeout: '15',
    ServerAliveInterval: '10',
    ServerAliveCountMax: '3',
    LogLevel: 'ERROR',
  }
  return [
    '-F',
    'none',
    '-T',
    // ssh reads the value of an option as its configuration file has it: quoted, for the sake of blanks.
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${/\s/.test(value) ? `"${value}"` : value}`]),
    '-p',
    String(port),
    '-l',
    user,
    '--',
    host,
    // The key's forced command takes its place; without one this is what is not found there.
    'batchway-commands',
  ]
}
