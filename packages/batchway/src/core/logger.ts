/**
 * The only logging surface rooms may use. Fields first, fixed message second: messages are constants one can search for.
 * Never log tokens, cookies, secrets, environments or query strings.
 */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Logger
}

const nothing = (): void => {}
/** Says nothing; for tests. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
}
