/** Says that an exchange is over, or no longer wanted. What an AbortSignal does besides takes a twentieth of a request, and kilobytes of a WebSocket. */
export class Cancellation {
  #isCancelled = false
  #listener: (() => void) | null = null

  get isCancelled(): boolean {
    return this.#isCancelled
  }

  /** Whoever works for the exchange now, in place of who did before; null: nobody. Who comes too late is told at once. */
  set listener(listener: (() => void) | null) {
    this.#listener = listener
    if (this.#isCancelled) this.#tell()
  }

  /** Repeating does no harm. */
  cancel(): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    this.#tell()
  }

  #tell(): void {
    const listener = this.#listener
    this.#listener = null
    listener?.()
  }
}
