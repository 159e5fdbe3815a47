/** The few lines of `scontrol show config` that decide what a hub can learn. */

export interface SlurmSettings {
  /** Of slurmctld, which may differ from that of the commands. */
  readonly version: string | null
  /** `jobs`, `usage`…, lower case. */
  readonly privateData: readonly string[]
  /** Seconds that an ended job stays in the list. */
  readonly minJobAgeSeconds: number | null
  /** `accounting_storage/slurmdbd`, `accounting_storage/none`… */
  readonly accounting: string | null
}

/** @param text output in the C locale. @see scontrol(1) "show config", 22.05 to 24.11 */
export function parseSlurmSettings(text: string): SlurmSettings {
  const values = new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, name, value] = /^(\w+(?:\[\d+\])?)\s*=\s*(.*)$/.exec(line.trim()) ?? []
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()]]
    }),
  )
  const age = /^(\d+) sec$/.exec(values.get('minjobage') ?? '')?.[1]
  const hidden = (values.get('privatedata') ?? '').toLowerCase().split(',')
  const accounting = values.get('accountingstoragetype') ?? ''
  return {
    version: values.get('slurm_version') ?? null,
    privateData: hidden.filter((word) => word !== '' && word !== 'none'),
    minJobAgeSeconds: age === undefined ? null : Number(age),
    // From 22.05 on an absent plugin is written "(null)".
    accounting: accounting === '' ? null : accounting === '(null)' ? 'accounting_storage/none' : accounting,
  }
}

/** `slurm 22.05.8`, `slurm-wlm 24.11.1-1ubuntu` → [22, 5]; null if it cannot be read. */
export function parseSlurmVersion(text: string): readonly [number, number] | null {
  const [, major, minor] = /(\d{2})\.(\d{2})(?:\.|\b)/.exec(text) ?? []
  return major === undefined || minor === undefined ? null : [Number(major), Number(minor)]
}

/** What makes an account an operator. @param isKnown has it an entry in accounting? @see sacctmgr(1) "AdminLevel" */
export const operatorCommand = (hub: string, isKnown: boolean): string =>
  isKnown
    ? `sacctmgr --immediate modify user where name=${hub} set adminlevel=Operator`
    : `sacctmgr --immediate add user name=${hub} account=root adminlevel=Operator`

/** What makes it a coordinator of one account (project), ACCOUNT. @see sacctmgr(1) "coordinator" */
export const coordinatorCommands = (hub: string): string[] => [
  `sacctmgr --immediate add user name=${hub} account=ACCOUNT`,
  `sacctmgr --immediate add coordinator accounts=ACCOUNT names=${hub}`,
]
