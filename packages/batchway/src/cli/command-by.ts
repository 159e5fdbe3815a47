/** Who runs a command, for the audit log: an account of the machine, and behind sudo the one that asked. */
export function commandBy(): string {
  const asked = process.env.SUDO_USER
  const uid = process.getuid?.() ?? 0
  return `account with uid ${uid}${asked === undefined ? '' : `, through sudo by ${asked}`}`
}
