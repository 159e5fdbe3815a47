/** Servers, JupyterHub's word: the slot of a user that a session runs in. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { actorOf } from '../people/actor.ts'
import type { Caller, User } from '../people/people.ts'
import type { KeptServer } from '../sessions/named-servers.ts'
import type { Session } from '../sessions/session.ts'
import { hiddenOrMissing, isCovered } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { type ModelSettings, ServerModel, toServerModel } from './models.ts'
import { isTerminal, type ProgressEvent, progressOf } from './progress.ts'
import { type ApiRoute, type Incoming, route } from './route.ts'
import { serverState } from './session-state.ts'
import type { OpenStream } from './streams.ts'
import { scopesOf, userOfPath } from './user-routes.ts'

const StartBody = z
  .looseObject({ display_name: z.string().nullish(), user_options: z.record(z.string(), z.unknown()).nullish() })
  .nullable()
  .openapi('StartServer')

/**
 * The options of a start request in both dialects (contract 2.5): with `user_options` or `display_name` in it the body is
 * JupyterHub 6's; any other object is the options themselves.
 * @returns null when nothing was sent: the choice of last time.
 */
export function toUserOptions(body: z.output<typeof StartBody>): Readonly<Record<string, unknown>> | null {
  if (body === null || Object.keys(body).length === 0) return null
  if ('user_options' in body || 'display_name' in body) return body.user_options ?? null
  return body
}

/** A server as the path names it. */
export interface Located {
  readonly owner: User
  readonly name: string
  /** The session that runs, or else the last one. */
  readonly latest: Session | null
  readonly kept: KeptServer | null
  /** The default server always does; a named one that is kept, or runs. */
  readonly exists: boolean
}

export async function locateServer(
  { people, sessions, servers }: Pick<ApiDeps, 'people' | 'sessions' | 'servers'>,
  params: Incoming['params'],
): Promise<Located> {
  const owner = await userOfPath(people, params)
  const name = params.server ?? ''
  const latest = (await sessions.findActive(owner.id, name)) ?? (await sessions.findLatest(owner.id, name))
  const kept = name === '' ? null : ((await servers.keptBy([owner.id])).find((server) => server.name === name) ?? null)
  return { owner, name, latest, kept, exists: name === '' || kept !== null || !serverState(latest).stopped }
}

export function modelOf({ owner, name, latest, kept }: Located, caller: Caller, settings: ModelSettings) {
  const facts = { name, displayName: kept?.displayName || null, options: kept?.options ?? null, session: latest }
  const target = { user: owner.name, server: name, groups: owner.groups }
  return toServerModel(owner.name, facts, settings, isCovered(scopesOf(caller), 'admin:server_state', target))
}

const StopBody = z
  .looseObject({ remove: z.boolean().optional().openapi({ description: 'Keep the named server no longer' }) })
  .openapi('StopServer')

/** The two spellings of a server: `/server` is the default one, `/servers/{server}` a named one (an empty name: the default). */
const spellings = [
  { path: '/users/{user}/server', aliases: ['/users/{user}/servers/'], suffix: '' },
  { path: '/users/{user}/servers/{server}', aliases: [], suffix: 'Named' },
] as const

const isOwn = (caller: Caller, owner: User): boolean =>
  (caller.kind === 'browser' || caller.kind === 'token') && caller.user.id === owner.id

export function serverRoutes(deps: ApiDeps, openStream: OpenStream): readonly ApiRoute[] {
  const { people, sessions, servers, settings, now } = deps

  const locate = (params: Incoming['params']) => locateServer(deps, params)

  async function start({ caller, params, record }: Incoming, body: z.output<typeof StartBody>): Promise<Response> {
    const { owner, name, latest, kept } = await locate(params)
    await servers.check(owner, name)
    const { pending, ready } = serverState(latest)
    if (pending === 'spawn') return empty(202)
    if (pending === 'stop')
      throw new BatchwayError('session_busy', 'The server is stopping. Try again when it has stopped.')
    if (ready) throw new BatchwayError('session_busy', 'The server is already running.')
    const object = `${owner.name}/${name}`
    try {
      const options = toUserOptions(body)
      const spec = await deps.chooseSpec(owner, options ?? kept?.options ?? null)
      deps.drains.check(spec.cluster)
      // A batch job is hardly ever ready within a request: 202 at once, and the client follows the progress.
      await servers.ensure(owner, name, body?.display_name)
      // Remembered for a start without options.
      if (name !== '' && options !== null) await servers.change(owner, name, { options })
      const session = await sessions.start(owner, name, spec)
      people.touchUser(owner.id, now())
      // What somebody else chose for them is not theirs.
      if (options !== null && isOwn(caller, owner)) await deps.rememberChoice(owner, spec)
      await record({ action: 'session-start', object, detail: `session ${session.id}, profile ${spec.profile.key}` })
      return empty(202)
    } catch (error) {
      if (error instanceof BatchwayError)
        await record({ action: 'session-start', object, outcome: 'refused', detail: error.code })
      throw error
    }
  }

  async function stop(
    { caller, params, record }: Incoming,
    { remove = false }: z.output<typeof StopBody> = {},
  ): Promise<Response> {
    const { owner, name, latest, kept, exists } = await locate(params)
    // What has been removed is gone, whatever its history tells.
    if (!exists) throw hiddenOrMissing()
    if (remove && name === '') throw new BatchwayError('bad_request', 'The default server cannot be deleted.')
    const object = `${owner.name}/${name}`
    const isOver = latest === null || latest.facts.state === 'ended' || caller.kind === 'anonymous'
    const now = isOver ? null : await sessions.stop(latest.id, actorOf(caller))
    if (now !== null) await record({ action: 'session-stop', object, detail: `session ${now.id}` })
    if (remove && kept !== null) {
      await servers.remove(owner.id, name)
      await record({ action: 'server-removed', object })
    }
    return empty(now === null || now.facts.state === 'ended' ? 204 : 202)
  }

  async function read({ caller, params }: Incoming): Promise<Response> {
    const located = await locate(params)
    if (!located.exists) throw hiddenOrMissing()
    return Response.json(modelOf(located, caller, settings))
  }

  async function progress(incoming: Incoming): Promise<Response> {
    const { latest, exists } = await locate(incoming.params)
    if (!exists) throw hiddenOrMissing()
    const idle = () => new BatchwayError('bad_request', 'The server is not starting.')
    if (latest === null) throw idle()
    // A run that was ready once and is over is no failed start: there is nothing to report about.
    if (latest.facts.state === 'stopping' || (latest.facts.state === 'ended' && latest.readyAt !== null)) throw idle()
    if (latest.facts.state === 'ended' || latest.facts.state === 'ready') {
      const last = progressOf(latest, settings.places).slice(-1)
      return openStream(incoming, (source) => {
        for (const event of last) source.send('last', event)
        source.close()
        return () => {}
      })
    }
    return openStream(incoming, (source) => {
      const sent = new Set<string>()
      let furthest = 0
      const tell = (session: Session): void => {
        if (session.id !== latest.id) return
        for (const event of progressOf(session, settings.places)) {
          const text = JSON.stringify(event)
          if (sent.has(text)) continue
          sent.add(text)
          // A requeue leads back to the queue; a bar that runs backwards would look like a fault.
          furthest = Math.max(furthest, event.progress)
          source.send(String(sent.size), { ...event, progress: furthest } satisfies ProgressEvent)
          if (isTerminal(event)) source.close()
        }
      }
      const unsubscribe = sessions.subscribe(latest.userId, tell)
      // What changed between the look-up and the subscription must not be lost.
      void sessions.find(latest.id).then(
        (session) => tell(session ?? latest),
        () => tell(latest),
      )
      return unsubscribe
    })
  }

  return spellings.flatMap(({ path, aliases, suffix }) => [
    route({
      operationId: `start${suffix}Server`,
      method: 'post',
      path,
      aliases,
      access: { anyOf: ['start:servers', 'servers'] },
      summary: 'Start a server',
      body: StartBody,
      responses: {
        202: { description: 'Requested, or already on its way: follow its progress' },
        400: { description: 'It runs, or is stopping, or the name will not do' },
      },
      handler: (call) => start(call, call.body),
    }),
    route({
      operationId: `stop${suffix}Server`,
      method: 'delete',
      path,
      aliases,
      access: { anyOf: ['delete:servers'] },
      summary: 'Stop a server, whatever state it is in; a named one is forgotten with `remove`',
      body: StopBody.nullable(),
      responses: {
        202: { description: 'It is stopping' },
        204: { description: 'It is not running' },
        400: { description: 'The default server cannot be removed' },
      },
      handler: (call) => stop(call, call.body ?? {}),
    }),
    route({
      operationId: `get${suffix}Server`,
      method: 'get',
      path,
      aliases,
      access: { anyOf: ['read:servers'] },
      summary: 'Read one server',
      responses: { 200: { description: 'The server', schema: ServerModel } },
      handler: read,
    }),
    route({
      operationId: `follow${suffix}Server`,
      method: 'get',
      path: `${path}/progress`,
      aliases: aliases.map((alias) => `${alias}/progress`),
      access: { anyOf: ['read:servers'] },
      summary: 'Follow the start of a server (server-sent events)',
      responses: { 200: { description: 'text/event-stream of {progress, message, …}' } },
      handler: progress,
    }),
  ])
}

/** JupyterHub's spawn and stop answers: no body, `text/plain`. */
const empty = (status: 202 | 204): Response =>
  new Response(null, { status, headers: status === 202 ? { 'Content-Type': 'text/plain' } : {} })
