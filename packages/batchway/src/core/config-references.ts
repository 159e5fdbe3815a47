import { type ConfigProblem, closest } from './config-error.ts'
import { listeningProblem } from './listening.ts'
import type { SalvagedConfig } from './salvaged-config.ts'
import { formatDuration, formatMemory } from './units.ts'

const written = (name: 'cores' | 'memory' | 'gpus' | 'walltime', value: number): string =>
  name === 'memory' ? formatMemory(value) : name === 'walltime' ? formatDuration(value) : String(value)

/** References between the parts of the file: what the schema of one part cannot see. */
export function referenceProblems(config: SalvagedConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const say = (path: string, message: string): unknown => problems.push({ path, message })
  const seen = new Set<string>()
  const missing = (what: string, name: string, known: readonly string[]): string => {
    const guess = closest(name, known)
    return `there is no ${what} "${name}"; ${guess ? `did you mean "${guess}"?` : `known: ${known.join(', ') || 'none'}`}`
  }
  for (const [index, { key, cluster, application }] of config.references.entries()) {
    if (typeof key === 'string' && seen.has(key)) say(`profiles[${index}].key`, `"${key}" is used twice`)
    if (typeof key === 'string') seen.add(key)
    if (typeof cluster === 'string' && !config.clusters.has(cluster)) {
      say(`profiles[${index}].cluster`, missing('cluster', cluster, [...config.clusters.keys()]))
    }
    if (typeof application === 'string' && !config.applications.has(application)) {
      say(`profiles[${index}].application`, missing('application', application, [...config.applications.keys()]))
    }
  }
  for (const [index, profile] of config.profiles.entries()) {
    if (profile === null) continue
    const limits = config.clusters.get(profile.cluster)?.limits ?? {}
    for (const name of ['cores', 'memory', 'gpus', 'walltime'] as const) {
      const range = profile.choose[name]
      const own = profile.resources[name]
      const limit = limits[name]
      if (!range) continue
      if (range[0] > range[1]) say(`profiles[${index}].choose.${name}`, 'write the lower limit first')
      else if (own < range[0] || own > range[1]) {
        say(
          `profiles[${index}].resources.${name}`,
          `lies outside what a user may choose: write ${written(name, range[0])} to ${written(name, range[1])}, or widen choose.${name}`,
        )
      } else if (limit !== undefined && range[0] > limit)
        say(`profiles[${index}].choose.${name}`, `begins above clusters.${profile.cluster}.limits.${name}`)
    }
    const { gpuType } = profile.resources
    if (gpuType !== undefined && profile.choose.gpuType?.includes(gpuType) === false)
      say(
        `profiles[${index}].resources.gpuType`,
        `lies outside what a user may choose: write ${profile.choose.gpuType.join(' or ')}, or widen choose.gpuType`,
      )
    for (const [name, choices] of Object.entries(profile.choose.options)) {
      const own = profile.options[name]
      if (Array.isArray(choices) && own !== undefined && !choices.some((choice) => choice === own))
        say(
          `profiles[${index}].options.${name}`,
          `lies outside what a user may choose: write ${choices.join(' or ')}, or widen choose.options.${name}`,
        )
    }
  }
  for (const [name, cluster] of config.clusters) {
    if (cluster === null) continue
    const { transport, ssh, driver, agent } = cluster
    if (transport === 'ssh' && ssh === undefined)
      say(
        `clusters.${name}.ssh`,
        'is missing: "transport: ssh" needs the login node: ssh: { host, identityFile, knownHostsFile }',
      )
    if (transport !== 'ssh' && ssh !== undefined)
      say(`clusters.${name}.ssh`, `is not used with "transport: ${transport}": write "transport: ssh", or remove it`)
    if (transport !== 'ssh') continue
    if (driver === 'local')
      say(`clusters.${name}.transport`, 'jobs of this machine need no login node: "self" or "sudo"')
    if (agent !== undefined)
      say(`clusters.${name}.agent`, 'leave it out with "transport: ssh": the login node tells where its agent is')
  }
  for (const [name, application] of config.applications) {
    if (application === null) continue
    for (const [index, word] of (application.command ?? []).entries()) {
      if (!word.includes('{app_token}')) continue
      // Everybody on the node can read a command line.
      say(`applications.${name}.command[${index}]`, 'a command line is public: give {app_token} by environment')
    }
    if (application.kind === 'command' && !application.command) {
      say(
        `applications.${name}.command`,
        'a "command" application needs its argv, e.g. ["openvscode-server", "--socket-path={socket}"]',
      )
    } else {
      const problem = listeningProblem(application.kind, application)
      if (problem) say(`applications.${name}.${problem.key}`, problem.message)
    }
  }
  if (config.signIn.some(({ type }) => type === 'dev') && !config.development) {
    say('signIn', '"dev" lets anyone in under any name; write "development: true" if this is a test, or remove it')
  }
  const ways = config.signIn.map((way) => ('id' in way ? way.id : way.type))
  for (const [index, way] of ways.entries())
    if (ways.indexOf(way) !== index)
      say(`signIn[${index}].id`, `"${way}" is used twice: give each way to sign in an "id" of its own`)
  if (config.signIn.filter((way) => way.type === 'oidc' && way.callback === 'jupyterhub').length > 1)
    say('signIn', 'only one provider can use the redirect address of JupyterHub')
  for (const part of ['search', 'hash', 'username', 'password'] as const) {
    if (config.url !== null && new URL(config.url)[part] !== '')
      say('url', 'write an address without query, fragment and credentials')
  }
  return problems
}
