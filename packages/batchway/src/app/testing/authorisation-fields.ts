/** What each scope alone shows of alice, her server `lab`, her group and a service: written by hand from JupyterHub's contract. */

const who = 'kind name admin user_info'
const all = `${who} roles groups server pending created last_activity`
const groupAll = 'kind name users properties'
const serviceAll = 'kind name admin url prefix command pid info display'
const server =
  'name full_name display_name last_activity started pending ready stopped url full_url user_options progress_url full_progress_url session'

/** Request → scope → keys of the answer. A scope without a line gets no answer at all. */
export const fields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/users/alice': {
    'read:users:name': who,
    'list:users': who,
    'read:users:groups': 'kind name groups',
    'read:users:activity': 'kind name last_activity',
    'users:activity': 'kind name last_activity',
    'read:users': all,
    users: all,
    'admin:users': `${all} auth_state`,
    'read:roles:users': 'kind name admin roles',
    'read:roles': 'kind name admin roles',
    'read:servers': `${who} servers`,
    servers: `${who} servers`,
    'admin:servers': `${who} servers`,
  },
  '/users/alice/servers/lab': {
    'read:servers': server,
    servers: server,
    'admin:servers': `${server} state`,
  },
  '/groups/physics': {
    'read:groups:name': 'kind name',
    'list:groups': 'kind name',
    'read:groups': groupAll,
    groups: groupAll,
    'admin:groups': `${groupAll} roles`,
    'read:roles:groups': 'kind name roles',
    'read:roles': 'kind name roles',
  },
  '/services/whoami': {
    'read:services:name': 'kind name admin',
    'list:services': 'kind name admin',
    'read:services': serviceAll,
    'admin:services': `${serviceAll} roles`,
    'read:roles:services': 'kind name admin roles',
    'read:roles': 'kind name admin roles',
  },
}

/** Where a filter cuts: scopes of a token → request → what is seen, in words of the answer. */
export const cuts: readonly {
  readonly scopes: readonly string[]
  readonly request: string
  readonly pick: 'names' | 'servers' | 'fields' | 'states'
  readonly seen: readonly string[]
}[] = [
  {
    scopes: ['list:users'],
    request: '/users',
    pick: 'names',
    seen: ['alice', 'bob', 'dana', 'erik', 'hana', 'root-admin', 'sam', 'wes'],
  },
  { scopes: ['list:users!group=physics'], request: '/users', pick: 'names', seen: ['alice'] },
  { scopes: ['list:users!group=art'], request: '/users', pick: 'names', seen: [] },
  {
    scopes: ['list:users!user=bob', 'list:users!group=physics'],
    request: '/users',
    pick: 'names',
    seen: ['alice', 'bob'],
  },
  { scopes: ['list:groups!group=physics'], request: '/groups', pick: 'names', seen: ['physics'] },
  { scopes: ['list:services!service=whoami'], request: '/services', pick: 'names', seen: ['whoami'] },
  { scopes: ['list:services'], request: '/services', pick: 'names', seen: ['bare', 'culler', 'whoami'] },
  { scopes: ['read:servers!user=alice'], request: '/users/alice', pick: 'servers', seen: ['', 'lab'] },
  {
    scopes: ['read:users:name', 'read:servers!server=alice/lab'],
    request: '/users/alice',
    pick: 'servers',
    seen: ['lab'],
  },
  {
    scopes: ['read:users:name', 'read:servers!server=alice/other'],
    request: '/users/alice',
    pick: 'servers',
    seen: [],
  },
  {
    scopes: ['read:users:name', 'read:servers!group=physics'],
    request: '/users/alice',
    pick: 'servers',
    seen: ['', 'lab'],
  },
  { scopes: ['read:users:name', 'read:servers!group=art'], request: '/users/alice', pick: 'servers', seen: [] },
  // Not more of one than of the other.
  {
    scopes: ['list:users', 'read:users!user=bob'],
    request: '/users/alice',
    pick: 'fields',
    seen: ['admin', 'kind', 'name', 'user_info'],
  },
  {
    scopes: ['read:users:groups!group=physics', 'read:users:activity!user=bob'],
    request: '/users/alice',
    pick: 'fields',
    seen: ['groups', 'kind', 'name'],
  },
  {
    scopes: ['read:servers!user=alice', 'admin:server_state!server=alice/lab'],
    request: '/users/alice',
    pick: 'states',
    seen: ['lab'],
  },
  {
    scopes: ['read:servers!user=alice', 'admin:server_state!user=bob'],
    request: '/users/alice',
    pick: 'states',
    seen: [],
  },
  {
    scopes: ['servers!server=alice/lab'],
    request: '/users/alice/servers/lab',
    pick: 'fields',
    seen: server.split(' ').sort(),
  },
]
