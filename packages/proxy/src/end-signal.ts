const names = ['SIGTERM', 'SIGINT'] as const

/** The first SIGTERM or SIGINT. After it nobody listens any more: a second one, of either kind, ends the process at once. */
export function endSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  const told = (signal: NodeJS.Signals): void => {
    for (const name of names) process.off(name, told)
    resolve(signal)
  }
  for (const name of names) process.on(name, told)
  return promise
}
