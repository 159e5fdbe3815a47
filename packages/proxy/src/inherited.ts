/**
 * Listening sockets that whoever started us holds open (sd_listen_fds(3)): while nobody serves them, connections wait in the kernel, and none is
 * refused while the proxy is started anew.
 */

const firstDescriptor = 3
/** In place of `LISTEN_PID`, where a starter of ours hands on what it was given itself. */
const handedOn = 'BATCHWAY_LISTEN_FDS'

/** @returns their descriptors, in the order of the socket unit. What says so is taken out of the environment, for it means nobody else. */
export function takeInherited(environment: NodeJS.ProcessEnv, pid: number): readonly number[] {
  const { LISTEN_PID, LISTEN_FDS, [handedOn]: ours } = environment
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', handedOn]) delete environment[name]
  const count = ours ?? (Number(LISTEN_PID) === pid ? LISTEN_FDS : undefined)
  if (count === undefined || !/^[1-9]\d{0,2}$/.test(count)) return []
  return Array.from({ length: Number(count) }, (_, at) => firstDescriptor + at)
}

/** What a starter adds to the environment of the process to which it gives these as descriptors 3 and following. */
export const handOver = (descriptors: readonly number[]): Readonly<Record<string, string>> =>
  descriptors.length === 0 ? {} : { [handedOn]: String(descriptors.length) }
