/** There is no place to listen: no port of the range is free, the address is not ours, or no folder can hold a private socket. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}
