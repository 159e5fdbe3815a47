/** The API's description, from the route objects: nothing is opened, and no handler ever runs. */
import { Hono } from 'hono'
import { listApiRoutes } from '../../packages/batchway/src/api/app.ts'
import type { ApiDeps } from '../../packages/batchway/src/api/deps.ts'
import { describeApi } from '../../packages/batchway/src/api/openapi.ts'
import { jupyterHubLevel, version } from '../../packages/batchway/src/app/version.ts'
import { applicationPlaces } from '../../packages/batchway/src/core/application-hosts.ts'
import { silentLogger } from '../../packages/batchway/src/core/logger.ts'

const unused = (): never => {
  throw new Error('the description of the API runs no handler')
}

const deps: ApiDeps = {
  announcements: { list: unused, of: unused, publish: unused, withdraw: unused },
  drains: { list: unused, refusal: unused, sentences: unused, check: unused, begin: unused, end: unused },
  examineSignIn: unused,
  readiness: unused,
  people: {
    findUser: unused,
    callerOfToken: unused,
    callerOfCookie: unused,
    touchUser: unused,
    removeUser: unused,
    searchUsers: unused,
    createUsers: unused,
    changeUser: unused,
    rolesOfUser: unused,
    scopesOfUser: unused,
    isEverything: unused,
    createToken: unused,
    describeTokens: unused,
    revokeToken: unused,
    rolesOfGroup: unused,
    findGroup: unused,
    searchGroups: unused,
    membersOf: unused,
    createGroups: unused,
    removeGroup: unused,
    setGroupProperties: unused,
    addToGroup: unused,
    removeFromGroup: unused,
  },
  servers: {
    check: unused,
    ensure: unused,
    create: unused,
    change: unused,
    keptBy: unused,
    listOf: unused,
    remove: unused,
  },
  services: { all: [], find: unused },
  shares: {
    list: unused,
    find: unused,
    checkServer: unused,
    grant: unused,
    revoke: unused,
    revokeAll: unused,
    listCodes: unused,
    createCode: unused,
    removeCodes: unused,
  },
  sessions: {
    start: unused,
    stop: unused,
    find: unused,
    findActive: unused,
    findLatest: unused,
    listActiveOf: unused,
    listActiveOfUsers: unused,
    listEndedOf: unused,
    countEndedOf: unused,
    listEvents: unused,
    touch: unused,
    subscribe: unused,
    clusterHealth: unused,
    lastWord: unused,
    claim: unused,
    report: unused,
    announcePort: unused,
  },
  settings: {
    base: '/',
    publicUrl: 'http://127.0.0.1:8000/',
    places: applicationPlaces({ url: 'http://127.0.0.1:8000/' }),
    origins: ['http://127.0.0.1:8000'],
    versions: { jupyterhub: jupyterHubLevel, batchway: version },
    siteId: '',
    guardsMetrics: true,
    xsrfKey: '',
    maxStreamsPerUser: 0,
  },
  identify: unused,
  hub: {
    about: { runtime: '', executable: '', drivers: [], logins: [] },
    listRoutes: unused,
    mendRoutes: unused,
    shutDown: unused,
  },
  log: silentLogger,
  audit: unused,
  onRemoval: () => unused,
  metrics: { contentType: 'text/plain', text: unused, observeRequest: unused },
  clusters: [],
  listProfiles: unused,
  chooseSpec: unused,
  rememberChoice: unused,
  now: unused,
  newRequestId: unused,
  every: unused,
  oauth: { publicOAuth: new Hono(), internalOAuth: new Hono() },
}

export const apiDescription = (): string =>
  `${JSON.stringify(describeApi(listApiRoutes(deps), `${deps.settings.base}hub/api`, deps.settings.versions), null, 2)}\n`
