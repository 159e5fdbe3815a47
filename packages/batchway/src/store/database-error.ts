/** The database cannot be used as it is configured; the message tells the admin what to do. */
export class DatabaseError extends Error {
  readonly code: 'url' | 'path' | 'permissions' | 'network-file-system' | 'newer' | 'busy'
  constructor(code: DatabaseError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DatabaseError'
    this.code = code
  }
}
