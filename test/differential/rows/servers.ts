/** Servers: started, followed, read and stopped. At most two run at once: that is what a small machine has room for. */
import { ask, type Json, type Row } from '../row.ts'

const own = '/users/alice/server'
const field = (body: Json, ...path: readonly string[]): Json | undefined => {
  let at: Json | undefined = body
  for (const name of path)
    at = typeof at === 'object' && at !== null && !Array.isArray(at) ? (at as { [key: string]: Json })[name] : undefined
  return at
}
const isReady = (name: string) => (answer: { readonly body: Json }) =>
  field(answer.body, 'servers', name, 'ready') === true
const isGone = (name: string) => (answer: { readonly body: Json }) => field(answer.body, 'servers', name) === undefined
const isOver = ({ status }: { readonly status: number }) => status === 204
const options = (profile: string): Json => ({ profile })

export const servers: readonly Row[] = [
  ...ask(['anonymous', 'bob', 'culler', 'narrow', 'revoked', 'alice-forged', 'whoami'], `POST ${own}`, {
    json: options('small'),
  }),
  ...ask('admin', 'POST /users/nobody/server', { json: options('small') }),
  ...ask('alice', `DELETE ${own}`, { note: 'never started' }),
  ...ask('alice', `POST ${own}`, { json: [] }),
  ...ask('alice', `POST ${own}`, { raw: '{', note: 'cut' }),
  ...ask('alice', `POST ${own}`, { json: options('small') }),
  ...ask('alice', 'GET /users/alice', { until: isReady(''), note: 'ready' }),
  ...ask('alice', `POST ${own}`, { json: options('small'), note: 'it runs' }),
  ...ask(['anonymous', 'bob', 'admin', 'gina', 'culler', 'narrow', 'alice-browser'], 'GET /users/alice', {
    note: 'it runs',
  }),
  ...ask('alice', 'GET /user', { note: 'it runs' }),
  ...ask('culler', 'GET /users?state=ready', {
    headers: { accept: 'application/jupyterhub-pagination+json' },
    note: 'it runs',
  }),
  ...ask('culler', 'GET /users?state=active', { note: 'it runs' }),
  ...ask('admin', 'GET /users?state=inactive&name_filter=ali', { note: 'it runs' }),
  ...ask('admin', 'GET /proxy', { note: 'it runs' }),
  ...ask(['anonymous', 'bob', 'alice', 'culler', 'gina'], `GET ${own}/progress`, { note: 'it runs', toTheEnd: true }),
  ...ask('alice-browser', `GET ${own}/progress`, { note: 'it runs', toTheEnd: true }),
  ...ask('alice-forged', `GET ${own}/progress`, { note: 'it runs', toTheEnd: true }),
  ...ask('alice', 'POST /users/alice/activity', {
    json: { servers: { '': { last_activity: '2024-01-01T00:00:00Z' } } },
  }),
  ...ask('alice', 'POST /users/alice/activity', { json: { servers: { '': {} } } }),
  ...ask('alice', 'POST /users/alice/activity', { json: { servers: { '': { last_activity: 'never' } } } }),
  ...ask('alice', 'POST /users/alice/activity', {
    json: { servers: { '': { last_activity: '2999-01-01T00:00:00Z' } } },
  }),
  ...ask('alice', `DELETE ${own}`, { json: { remove: true } }),
  ...ask('alice', `DELETE ${own}`, { raw: '{', note: 'cut' }),
  ...ask(['anonymous', 'bob', 'narrow', 'alice-forged', 'whoami'], `DELETE ${own}`, { note: 'it runs' }),
  ...ask('alice', `DELETE ${own}`, { note: 'it runs' }),
  ...ask('alice', `DELETE ${own}`, { until: isOver, note: 'until it is over' }),
  ...ask('alice', 'GET /users/alice', { until: isGone(''), note: 'over' }),
  ...ask('alice', 'GET /users/alice?include_stopped_servers', { note: 'over' }),
  ...ask('culler', 'GET /users?include_stopped_servers=1&name_filter=alice', { note: 'over' }),
  ...ask('alice', `GET ${own}/progress`, { note: 'over' }),
  ...ask('alice', 'POST /users/alice/activity', {
    json: { servers: { '': { last_activity: '2024-01-01T00:00:00Z' } } },
    note: 'over',
  }),

  // A start that is under way.
  ...ask('alice', `POST ${own}`, { json: options('slow') }),
  ...ask('alice', `POST ${own}`, { json: options('slow'), note: 'under way' }),
  ...ask(['alice', 'admin', 'culler'], 'GET /users/alice', { note: 'under way' }),
  ...ask('alice', `GET ${own}/progress`, { note: 'under way' }),
  ...ask('culler', 'GET /users?state=ready', { note: 'under way' }),
  ...ask('admin', 'GET /users?state=active', { note: 'under way' }),
  ...ask('alice', `DELETE ${own}`, { note: 'under way' }),
  ...ask('alice', `DELETE ${own}`, { until: isOver, note: 'until it is over, once more' }),
  ...ask('alice', `GET ${own}/progress`, { note: 'stopped while it started' }),

  // A start that fails.
  ...ask('alice', `POST ${own}`, { json: options('fails') }),
  ...ask('alice', 'GET /users/alice', { until: isGone(''), note: 'failed' }),
  ...ask('alice', `GET ${own}/progress`, { note: 'failed', toTheEnd: true }),
  ...ask('alice', 'GET /users/alice?include_stopped_servers=1', { note: 'failed' }),

  // Named servers, two at most.
  ...ask(['anonymous', 'bob', 'culler'], 'POST /users/alice/servers/lab', { json: options('small') }),
  ...ask('alice', 'DELETE /users/alice/servers/lab', { note: 'there is none' }),
  ...ask('alice', 'POST /users/alice/servers/lab', { json: options('small') }),
  ...ask('alice', 'GET /users/alice', { until: isReady('lab'), note: 'lab is ready' }),
  ...ask(['gina', 'culler'], 'GET /users/alice', { note: 'lab is ready' }),
  ...ask('alice', 'GET /users/alice/servers/lab/progress', { note: 'lab is ready', toTheEnd: true }),
  ...ask('alice', 'POST /users/alice/servers/two', { json: options('slow') }),
  ...ask('alice', 'POST /users/alice/servers/three', { json: options('slow') }),
  ...ask('alice', 'GET /users/alice/servers/three/progress'),
  ...ask('alice', 'POST /users/alice/servers/lab', { json: options('small'), note: 'it runs' }),
  ...ask('alice', 'DELETE /users/alice/servers/two', { json: { remove: true } }),
  ...ask('alice', 'GET /users/alice?include_stopped_servers=1', { until: isGone('two'), note: 'two is gone' }),
  ...ask('alice', 'DELETE /users/alice/servers/two', { note: 'gone' }),
  ...ask('alice', 'DELETE /users/alice/servers/lab', { note: 'it runs' }),
  ...ask('alice', 'DELETE /users/alice/servers/lab', { until: isOver, note: 'until it is over' }),
  ...ask('alice', 'GET /users/alice?include_stopped_servers=1', { note: 'lab has stopped' }),
  ...ask('alice', 'DELETE /users/alice/servers/lab', { json: { remove: true } }),
  ...ask('alice', 'GET /users/alice?include_stopped_servers=1', { note: 'lab is gone' }),
  ...ask('alice', 'DELETE /users/alice/servers/lab', { json: { remove: true }, note: 'gone' }),

  // A user who goes while a server of theirs runs.
  ...ask('admin', 'POST /users/dave/servers/', { json: options('small') }),
  ...ask('admin', 'GET /users/dave', { until: isReady('') }),
  ...ask('admin', 'DELETE /users/dave'),
  ...ask('admin', 'GET /users/dave', { note: 'gone' }),
  ...ask('admin', 'GET /proxy', { note: 'gone' }),

  // Another name while a server runs.
  ...ask('admin', 'POST /users/rita'),
  ...ask('admin', 'POST /users/rita/server', { json: options('small') }),
  ...ask('admin', 'GET /users/rita', { until: isReady('') }),
  ...ask('admin', 'PATCH /users/rita', { json: { name: 'margarita' } }),

  // Names.
  ...ask('alice', 'POST /users/alice/servers/has%20blank', { json: options('small') }),
  ...ask('alice', 'POST /users/alice/servers/a%2Fb', { json: options('small') }),
]
