import type { z } from 'zod'
import { ApplicationConfig as ApplicationSchema } from './application-config.ts'
import { ClusterConfig as ClusterSchema } from './cluster-config.ts'
import { type ApplicationConfig, type ClusterConfig, Config, type ProfileConfig } from './config.ts'
import { ProfileConfig as ProfileSchema } from './profile-config.ts'

/** The parts of a configuration that can be read, so that one mistake does not hide the next. */
export interface SalvagedConfig {
  /** Null for an entry with problems of its own: its name still counts where others refer to it. */
  readonly clusters: ReadonlyMap<string, ClusterConfig | null>
  readonly applications: ReadonlyMap<string, ApplicationConfig | null>
  readonly profiles: readonly (ProfileConfig | null)[]
  /** What each profile refers to, readable or not. */
  readonly references: readonly { readonly key: unknown; readonly cluster: unknown; readonly application: unknown }[]
  readonly stateDirectory: string | null
  readonly signIn: Config['signIn']
  readonly listen: Config['listen']
  readonly proxy: Config['proxy'] | null
  readonly hub: Config['hub'] | null
  readonly development: boolean
  readonly url: string | null
  readonly insecureHttp: boolean
  readonly applicationHosts: string | null
  readonly people: Config['people'] | null
  readonly admins: Config['admins']
  readonly roles: Config['roles'] | null
  readonly customScopes: Config['customScopes'] | null
  readonly services: Config['services'] | null
  readonly events: Config['events'] | null
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined

export function salvage(raw: unknown): SalvagedConfig {
  const part = (name: string): unknown => memberOf(raw, name)
  const read = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> | null => {
    const result = schema.safeParse(value)
    return result.success ? result.data : null
  }
  const entries = (value: unknown): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  const profiles = part('profiles')
  return {
    clusters: new Map(entries(part('clusters')).map(([name, value]) => [name, read(ClusterSchema, value)])),
    applications: new Map(entries(part('applications')).map(([name, value]) => [name, read(ApplicationSchema, value)])),
    profiles: Array.isArray(profiles) ? profiles.map((value) => read(ProfileSchema, value)) : [],
    references: Array.isArray(profiles)
      ? profiles.map((value) => ({
          key: memberOf(value, 'key'),
          cluster: memberOf(value, 'cluster'),
          application: memberOf(value, 'application'),
        }))
      : [],
    stateDirectory: read(Config.shape.stateDirectory, part('stateDirectory')),
    signIn: read(Config.shape.signIn, part('signIn')) ?? [],
    listen: read(Config.shape.listen, part('listen')) ?? [],
    proxy: read(Config.shape.proxy, part('proxy')),
    hub: read(Config.shape.hub, part('hub')),
    development: part('development') === true,
    url: read(Config.shape.url, part('url')),
    insecureHttp: part('insecureHttp') === true,
    applicationHosts: read(Config.shape.applicationHosts, part('applicationHosts')) ?? null,
    people: read(Config.shape.people, part('people')),
    admins: read(Config.shape.admins, part('admins')) ?? [],
    roles: read(Config.shape.roles, part('roles')),
    customScopes: read(Config.shape.customScopes, part('customScopes')),
    services: read(Config.shape.services, part('services')),
    events: read(Config.shape.events, part('events')),
  }
}
