/**
 * Who may do what: the promise, written by hand from JupyterHub's contract and read by people. Nothing here is computed from the
 * code that it is compared with. `npm run gen` makes docs/reference/authorisation.md of it.
 *
 * Every request is about alice's things: her main server, her server `lab`, her group `physics`, the service `whoami`.
 * A cell: `+` it is done · `-` 403 · `0` 404, as if there were nothing · `4` 400 · `9` 409.
 */

/** One letter for each column of the table below, in groups; the words are for the page. */
export const callers = {
  // Nobody.
  anonymous: 'no credentials',
  expired: 'alice’s token, past its time',
  revoked: 'an administrator’s token that was taken back',
  orphaned: 'an administrator’s token, issued to a service that is no more',
  // alice.
  alice: 'alice by a token that inherits',
  aliceWeb: 'alice by her browser',
  aliceNone: 'alice by a token with `(no_scope)`',
  aliceServer: 'the token of alice’s server `lab`',
  aliceOAuth: 'a token of alice that `whoami` got by OAuth: who she is',
  aliceOAuthMore: 'another one: `read:servers!user`, and `admin:users`, `shutdown`, which alice does not hold',
  aliceFormer: 'alice by a token with every scope there is, of which she holds her own',
  // Somebody else.
  bob: 'bob by a token that inherits',
  bobWeb: 'bob by his browser',
  bobServer: 'the token of bob’s server',
  // People with every scope there is, each with a filter.
  ofPhysics: 'dana: `!group=physics`, by a role of her group',
  ofArt: 'erik: `!group=art`, by a role of his group',
  ofAlice: 'hana: `!user=alice`',
  ofLab: 'sam: `!server=alice/lab`',
  ofWhoami: 'wes: `!service=whoami`',
  // Administrators.
  admin: 'an administrator by a token that inherits',
  adminWeb: 'an administrator by a browser',
  adminNarrow: 'an administrator by a token with `list:users`, `read:servers!user=alice`',
  // Services by their own tokens.
  culler: '`list:users`, `read:users:activity`, `read:servers`, `delete:servers`',
  bare: 'a service without a role',
  whoami: '`whoami`: `read:services!service`, `read:users:groups!group=physics`',
} as const
export type CallerName = keyof typeof callers
export const callerNames = Object.keys(callers) as CallerName[]

export interface Row {
  /** Method, path below the API, body. `{token}` is a token of alice, `{session}` the session of her `lab`. */
  readonly request: string
  /** What `+` means. */
  readonly status: number
  /** One cell for each caller, in their order; spaces are for the eye. */
  readonly cells: string
  /** At the internal listener, if it is not the same there. */
  readonly internal?: string
  /** `idle`: alice runs nothing when it is asked. */
  readonly world?: 'idle'
  /** Scopes that open it, each one alone and unfiltered, to a token that has nothing else; `anybody`, `anybody known`. */
  readonly opens: string
}

const everybody = '++++ +++++++ +++ +++++ +++ +++'
const everybodyKnown = '---- +++++++ +++ +++++ +++ +++'
/** What names nothing that a filter could be about. */
const unfilteredOnly = '---- ------- --- ----- ++- ---'
/** A group that is not there yet, a user likewise: nobody makes what they could not see. */
const unfilteredOnlyNamed = '---- ------- --- 00000 ++- ---'
const ofGroup = '---- ------- --- +0000 ++- ---'

const usersScopes = 'read:users list:users users admin:users'
const serversRead = 'read:servers servers admin:servers'

// biome-ignore format: a table is read by its columns
/** Operation → row. A route without a row fails the test, and so does a row without a route. */
export const table: Readonly<Record<string, Row>> = {
  //                                                                                 nobody
  //                                                                                 |    alice   bob
  //                                                                                 |    |       |   filtered
  //                                                                                 |    |       |   |     admin
  //                                                                                 |    |       |   |     |   services
  getVersion:         { request: 'GET ', status: 200,                         cells: everybody, opens: 'anybody' },
  getHealth:          { request: 'GET /health', status: 200,                  cells: everybody, opens: 'anybody' },
  getReadiness:       { request: 'GET /ready', status: 200,                   cells: everybody, opens: 'anybody' },
  getOpenApi:         { request: 'GET /openapi.json', status: 200,            cells: everybody, opens: 'anybody' },
  getMetrics:         { request: 'GET /metrics', status: 200,                 cells: unfilteredOnly, opens: 'read:metrics' },
  getInfo:            { request: 'GET /info', status: 200,                    cells: unfilteredOnly, opens: 'read:hub' },
  listRoutes:         { request: 'GET /proxy', status: 200,                   cells: unfilteredOnly, opens: 'proxy' },
  checkRoutes:        { request: 'POST /proxy', status: 200,                  cells: unfilteredOnly, opens: 'proxy' },
  changeProxy:        { request: 'PATCH /proxy {}', status: 200,              cells: unfilteredOnly, opens: 'proxy' },
  shutDown:           { request: 'POST /shutdown', status: 202,               cells: unfilteredOnly, opens: 'shutdown' },
  listClusters:       { request: 'GET /clusters', status: 200,                cells: everybodyKnown, opens: 'anybody known' },
  listProfiles:       { request: 'GET /profiles', status: 200,                cells: everybodyKnown, opens: 'anybody known' },
  examineSignIn:      { request: 'GET /sign-in/who?subject=carol', status: 200, cells: unfilteredOnly, opens: 'admin:users' },

  listAnnouncements:  { request: 'GET /announcements', status: 200,           cells: unfilteredOnly, opens: 'admin:servers' },
  announce:           { request: 'POST /announcements {"text":"Maintenance."}', status: 201, cells: unfilteredOnly, opens: 'admin:servers' },
  withdrawAnnouncement:{ request: 'DELETE /announcements/monday', status: 204, cells: unfilteredOnly, opens: 'admin:servers' },
  listDrains:         { request: 'GET /drains', status: 200,                  cells: everybodyKnown, opens: 'anybody known' },
  drainSite:          { request: 'PUT /drain {"reason":"Maintenance."}', status: 200, cells: unfilteredOnly, opens: 'admin:servers' },
  undrainSite:        { request: 'DELETE /drain', status: 204,                cells: unfilteredOnly, opens: 'admin:servers' },
  drainCluster:       { request: 'PUT /clusters/main/drain {"reason":"Maintenance."}', status: 200, cells: unfilteredOnly, opens: 'admin:servers' },
  undrainCluster:     { request: 'DELETE /clusters/main/drain', status: 204,  cells: unfilteredOnly, opens: 'admin:servers' },

  getSelf:            { request: 'GET /user', status: 200,                    cells: everybodyKnown, opens: 'anybody known' },
  getUser:            { request: 'GET /users/alice', status: 200,             cells: '---- +++++++ 000 +0+00 +++ +-+',
                        opens: `read:users:name read:users:groups read:users:activity users:activity ${usersScopes} ${serversRead} read:roles:users read:roles` },
  reportActivity:     { request: 'POST /users/alice/activity {"last_activity":"2023-11-14"}', status: 200, cells: '---- ++-+-++ 000 +0+00 ++- ---', opens: 'users:activity users admin:users' },
  listUsers:          { request: 'GET /users', status: 200,                   cells: '---- ------- --- +++-- +++ +--', opens: 'list:users users admin:users' },
  createUsers:        { request: 'POST /users {"usernames":["new"]}', status: 201, cells: unfilteredOnly, opens: 'admin:users' },
  createUser:         { request: 'POST /users/new {}', status: 201,           cells: unfilteredOnlyNamed, opens: 'admin:users' },
  changeUser:         { request: 'PATCH /users/alice {}', status: 200,        cells: '---- ------- --- +0+00 ++- ---', opens: 'admin:users' },
  removeUser:         { request: 'DELETE /users/alice', status: 204, world: 'idle', cells: '---- ------- --- +0+00 ++- ---', opens: 'delete:users admin:users' },

  listTokens:         { request: 'GET /users/alice/tokens', status: 200,      cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:tokens tokens' },
  // 403 in place of 404: credentials may come in the body, and a wrong name is told from a wrong password by nothing.
  createToken:        { request: 'POST /users/alice/tokens {"scopes":["read:tokens!user"]}', status: 201,
                                                                              cells: '---- ++----+ --- +-+-- ++- ---', opens: 'tokens' },
  getToken:           { request: 'GET /users/alice/tokens/{token}', status: 200, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:tokens tokens' },
  revokeToken:        { request: 'DELETE /users/alice/tokens/{token}', status: 204, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'tokens' },

  listGroups:         { request: 'GET /groups', status: 200,                  cells: '---- ------- --- ++--- ++- ---', opens: 'list:groups groups admin:groups' },
  createGroups:       { request: 'POST /groups {"groups":["new"]}', status: 201, cells: unfilteredOnly, opens: 'admin:groups' },
  getGroup:           { request: 'GET /groups/physics', status: 200,          cells: ofGroup,
                        opens: 'read:groups:name list:groups read:groups groups admin:groups read:roles:groups read:roles' },
  createGroup:        { request: 'POST /groups/new {}', status: 201,          cells: unfilteredOnlyNamed, opens: 'admin:groups' },
  removeGroup:        { request: 'DELETE /groups/physics', status: 204,       cells: ofGroup, opens: 'delete:groups admin:groups' },
  addToGroup:         { request: 'POST /groups/physics/users {"users":["bob"]}', status: 200, cells: ofGroup, opens: 'groups admin:groups' },
  removeFromGroup:    { request: 'DELETE /groups/physics/users {"users":["alice"]}', status: 200, cells: ofGroup, opens: 'groups admin:groups' },
  setGroupProperties: { request: 'PUT /groups/physics/properties {"a":1}', status: 200, cells: ofGroup, opens: 'groups admin:groups' },

  listServices:       { request: 'GET /services', status: 200,                cells: '---- ------- --- ----+ ++- ---', opens: 'list:services admin:services' },
  getService:         { request: 'GET /services/whoami', status: 200,         cells: '---- ------- --- 0000+ ++- --+',
                        opens: 'read:services:name list:services read:services admin:services read:roles:services read:roles' },

  startServer:        { request: 'POST /users/alice/server {}', status: 202, world: 'idle', cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'start:servers servers admin:servers' },
  stopServer:         { request: 'DELETE /users/alice/server', status: 202,   cells: '---- ++----+ 00- +0+00 ++- +--', opens: 'delete:servers servers admin:servers' },
  getServer:          { request: 'GET /users/alice/server', status: 200,      cells: '---- ++---++ 00- +0+00 +++ +--', opens: serversRead },
  followServer:       { request: 'GET /users/alice/server/progress', status: 200, cells: '---- ++---++ 00- +0+00 +++ +--', opens: serversRead },
  startNamedServer:   { request: 'POST /users/alice/servers/lab {}', status: 202, world: 'idle', cells: '---- ++----+ 00- +0++0 ++- ---', opens: 'start:servers servers admin:servers' },
  stopNamedServer:    { request: 'DELETE /users/alice/servers/lab', status: 202, cells: '---- ++----+ 00- +0++0 ++- +--', opens: 'delete:servers servers admin:servers' },
  getNamedServer:     { request: 'GET /users/alice/servers/lab', status: 200, cells: '---- ++---++ 00- +0++0 +++ +--', opens: serversRead },
  followNamedServer:  { request: 'GET /users/alice/servers/lab/progress', status: 200, cells: '---- ++---++ 00- +0++0 +++ +--', opens: serversRead },

  createNamedServer:  { request: 'PUT /users/alice/servers/new {}', status: 201, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'start:servers servers admin:servers' },
  changeNamedServer:  { request: 'PATCH /users/alice/servers/lab {"display_name":"x"}', status: 200, world: 'idle', cells: '---- ++----+ 00- +0++0 ++- ---', opens: 'start:servers servers admin:servers' },

  // bob shares his main server with alice and with her group. By default nobody shares; a share by name needs the name, too.
  listShares:         { request: 'GET /shares/alice', status: 200, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:shares shares' },
  listShareCodes:     { request: 'GET /share-codes/alice', status: 200, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:shares shares' },
  listDefaultServerShares:{ request: 'GET /shares/alice/', status: 200, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:shares shares' },
  grantDefaultServerShare:{ request: 'POST /shares/alice/ {"user":"bob"}', status: 200, cells: '---- ------- --- -0-00 ++- ---', opens: '' },
  revokeDefaultServerShare:{ request: 'PATCH /shares/alice/ {"user":"bob"}', status: 200, cells: '---- ------- --- +0+00 ++- ---', opens: 'shares' },
  revokeAllDefaultServerShares:{ request: 'DELETE /shares/alice/', status: 204, cells: '---- ------- --- +0+00 ++- ---', opens: 'shares' },
  listDefaultServerShareCodes:{ request: 'GET /share-codes/alice/', status: 200, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:shares shares' },
  createDefaultShareCode:{ request: 'POST /share-codes/alice/', status: 200, cells: '---- ------- --- +0+00 ++- ---', opens: 'shares' },
  revokeDefaultShareCodes:{ request: 'DELETE /share-codes/alice/', status: 204, cells: '---- ------- --- +0+00 ++- ---', opens: 'shares' },
  listServerShares:   { request: 'GET /shares/alice/lab', status: 200, cells: '---- ++----+ 00- +0++0 ++- ---', opens: 'read:shares shares' },
  grantServerShare:   { request: 'POST /shares/alice/lab {"user":"bob"}', status: 200, cells: '---- ------- --- -0--0 ++- ---', opens: '' },
  revokeServerShare:  { request: 'PATCH /shares/alice/lab {"user":"bob"}', status: 200, cells: '---- ------- --- +0++0 ++- ---', opens: 'shares' },
  revokeAllServerShares:{ request: 'DELETE /shares/alice/lab', status: 204, cells: '---- ------- --- +0++0 ++- ---', opens: 'shares' },
  listServerShareCodes:{ request: 'GET /share-codes/alice/lab', status: 200, cells: '---- ++----+ 00- +0++0 ++- ---', opens: 'read:shares shares' },
  createShareCode:    { request: 'POST /share-codes/alice/lab', status: 200, cells: '---- ------- --- +0++0 ++- ---', opens: 'shares' },
  revokeShareCodes:   { request: 'DELETE /share-codes/alice/lab', status: 204, cells: '---- ------- --- +0++0 ++- ---', opens: 'shares' },
  listSharedWithUser: { request: 'GET /users/alice/shared', status: 200, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:users:shares users:shares shares' },
  getSharedWithUser:  { request: 'GET /users/alice/shared/bob/', status: 200, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'read:users:shares users:shares shares' },
  leaveSharedWithUser:{ request: 'DELETE /users/alice/shared/bob/', status: 204, cells: '---- ++----+ 00- +0+00 ++- ---', opens: 'users:shares shares' },
  listSharedWithGroup:{ request: 'GET /groups/physics/shared', status: 200, cells: ofGroup, opens: 'read:groups:shares groups:shares shares' },
  getSharedWithGroup: { request: 'GET /groups/physics/shared/bob/', status: 200, cells: ofGroup, opens: 'read:groups:shares groups:shares shares' },
  leaveSharedWithGroup:{ request: 'DELETE /groups/physics/shared/bob/', status: 204, cells: ofGroup, opens: 'groups:shares shares' },

  listSessions:       { request: 'GET /users/alice/sessions', status: 200,    cells: '---- ++---++ 00- +0+00 +++ +--', opens: serversRead },
  getSession:         { request: 'GET /users/alice/sessions/{session}', status: 200, cells: '---- ++---++ 00- +0+00 +++ +--', opens: serversRead },
  stopSession:        { request: 'DELETE /users/alice/sessions/{session}', status: 202, cells: '---- ++----+ 00- +0+00 ++- +--', opens: 'delete:servers servers admin:servers' },
  listSessionEvents:  { request: 'GET /users/alice/sessions/{session}/events', status: 200, cells: '---- ++---++ 00- +0+00 +++ +--', opens: serversRead },
  // The caller's own sessions; a service has none.
  followSessions:     { request: 'GET /sessions/events', status: 200,         cells: '---- ++---++ ++- +++++ ++0 0--', opens: serversRead },

  // A server's own word about itself: nobody else has one, whatever they may do. 400, since these still wait for their turn.
  announcePort:       { request: 'POST /batchspawner {"port":34567}', status: 201, cells: '---- ---4--- --4 ----- --- ---', opens: '' },

  // A person's token is no attempt's secret, and the public listener knows nothing of agents.
  claimAttempt:       { request: 'POST /agent/claim {"protocol":1}', status: 200, cells: '0000 0000000 000 00000 000 000',
                        internal: '-999 9999999 999 99999 999 999', opens: '' },
  report:             { request: 'POST /agent/report {"type":"listening","host":"n1","port":1,"pid":1}', status: 200, cells: '0000 0000000 000 00000 000 000',
                        internal: '---- ------- --- ----- --- ---', opens: '' },
}

/** The cells of a row by caller. @throws {TypeError} for a row of another length. */
export function cellsOf(cells: string): ReadonlyMap<CallerName, string> {
  const letters = [...cells.replaceAll(' ', '')]
  if (letters.length !== callerNames.length) throw new TypeError(`a row has ${letters.length} cells`)
  return new Map(callerNames.map((name, at) => [name, letters[at] ?? '']))
}

/** @throws {TypeError} for a letter that means nothing. */
export function statusOf(letter: string, row: Pick<Row, 'status'>): number {
  const known: Readonly<Record<string, number>> = { '+': row.status, '-': 403, '0': 404, '4': 400, '9': 409 }
  const status = known[letter]
  if (status === undefined) throw new TypeError(`a cell says ${letter}`)
  return status
}
