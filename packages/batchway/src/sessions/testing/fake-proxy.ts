/** The proxy's table in memory, behind the control interface that the route keeper uses. */
import { keyFingerprint, type Route, type RouteView } from '@batchway/proxy/hub-side'
import type { ProxyControl } from '../route-keeper.ts'

export interface FakeProxy extends ProxyControl {
  readonly table: Map<string, Route>
  /** Comes before each call takes effect; may throw, or wait. */
  before: ((call: 'list' | 'add' | 'remove', path: string) => void | Promise<void>) | null
  readonly calls: string[]
}

export function fakeProxy(): FakeProxy {
  const table = new Map<string, Route>()
  const proxy: FakeProxy = {
    table,
    before: null,
    calls: [],
    async listRoutes() {
      await proxy.before?.('list', '')
      return new Map([...table].map(([path, route]) => [path, view(route)]))
    },
    async addRoute(path, route) {
      proxy.calls.push(`add ${path}`)
      await proxy.before?.('add', path)
      table.set(path, route)
    },
    async cutStreams() {},
    async removeRoute(path) {
      proxy.calls.push(`remove ${path}`)
      await proxy.before?.('remove', path)
      table.delete(path)
    },
  }
  return proxy
}

function view({ psk, ...route }: Route): RouteView {
  return {
    ...route,
    last_activity: '2026-01-01T00:00:00.000Z',
    ...(psk && { psk: { identity: psk.identity, fingerprint: keyFingerprint(psk.key) } }),
  }
}
