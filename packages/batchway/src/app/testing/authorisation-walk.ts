/** Asks one cell of the table of the gateway, and compares. */
import { type CallerName, callerNames, cellsOf, type Row, statusOf } from './authorisation-table.ts'
import { base, openWorld, origin, type World, type WorldOptions } from './authorisation-world.ts'

export interface Walker extends AsyncDisposable {
  /** @param most differences after which it stops. @returns what is not as the table says, in words; empty if all is. */
  walk(operation: string, row: Row, most?: number): Promise<readonly string[]>
  /** The status for a token with these scopes alone. */
  statusWith(row: Row, scopes: readonly string[]): Promise<number>
}

const browsers: Partial<Record<CallerName, string>> = { aliceWeb: 'alice', bobWeb: 'bob', adminWeb: 'root-admin' }

/** Worlds are used until something has been done in them. */
export function openWalker(bend?: WorldOptions['bend']): Walker {
  const worlds = new Map<boolean, World>()
  const worldFor = async (row: Row): Promise<World> => {
    const isBusy = row.world !== 'idle'
    const known = worlds.get(isBusy)
    if (known) return known
    const opened = await openWorld({ isBusy, ...(bend && { bend }) })
    worlds.set(isBusy, opened)
    return opened
  }
  const spend = async (row: Row): Promise<void> => {
    const isBusy = row.world !== 'idle'
    const spent = worlds.get(isBusy)
    worlds.delete(isBusy)
    await spent?.[Symbol.asyncDispose]()
  }

  async function ask(row: Row, world: World, credentials: Record<string, string>, isInternal: boolean) {
    const [, method = '', path = '', body] = /^(\S+) (\S*)(?: (.*))?$/.exec(row.request) ?? []
    const place = path.replace('{token}', world.names.token).replace('{session}', world.names.session)
    const headers = { ...credentials, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) }
    const request = new Request(`${origin}${base}hub/api${place}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    })
    const before = world.deeds.length
    const response = await (isInternal ? world.internalApp : world.publicApp).fetch(request)
    await response.body?.cancel()
    const hasDone = response.ok && method !== 'GET'
    const deeds = world.deeds.length - before
    if (hasDone || deeds > 0) await spend(row)
    return { status: response.status, deeds: response.ok ? 0 : deeds, cookie: response.headers.get('set-cookie') }
  }

  async function credentialsOf(world: World, caller: CallerName): Promise<Record<string, string>> {
    const name = browsers[caller]
    if (name !== undefined) {
      const { headers, xsrf } = await world.browserOf(name)
      return { ...headers, 'X-XSRFToken': xsrf }
    }
    const text = world.tokenOf(caller)
    return text === null ? {} : { Authorization: `token ${text}` }
  }

  return {
    async walk(operation, row, most = Number.POSITIVE_INFINITY) {
      const wrong: string[] = []
      for (const isInternal of [false, true]) {
        const cells = cellsOf(isInternal ? (row.internal ?? row.cells) : row.cells)
        for (const caller of callerNames) {
          // Compute nodes have no browsers.
          if (isInternal && caller in browsers) continue
          if (wrong.length >= most) return wrong
          const world = await worldFor(row)
          const { status, deeds, cookie } = await ask(row, world, await credentialsOf(world, caller), isInternal)
          const want = statusOf(cells.get(caller) ?? '', row)
          const where = `${operation} by ${caller}${isInternal ? ' at the internal listener' : ''}`
          if (status !== want) wrong.push(`${where}: ${status}, not ${want}`)
          // Clients of one hub keep cookies for one another (contract 1.2).
          if (cookie !== null) wrong.push(`${where}: a cookie`)
          if (deeds > 0) wrong.push(`${where}: refused, and yet something was done`)
        }
      }
      return wrong
    },
    async statusWith(row, scopes) {
      const world = await worldFor(row)
      const token = await world.tokenWith(scopes)
      return (await ask(row, world, { Authorization: `token ${token}` }, true)).status
    },
    async [Symbol.asyncDispose]() {
      for (const world of worlds.values()) await world[Symbol.asyncDispose]()
    },
  }
}
