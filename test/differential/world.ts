/** Who and what there is on both sides: the same people, groups, roles and services. Everything else the requests make themselves. */
import { randomBytes } from 'node:crypto'

export const world = {
  url: 'http://gateway.invalid/',
  admins: ['root-admin'],
  /** Most named servers of one user. */
  namedServers: 2,
  /** In the order in which they are made: lists are in it. */
  users: ['gina', 'alice', 'bob', 'carol', 'dave', 'erin', 'zoe@example.edu', 'a+b.c'],
  groups: { physics: ['alice', 'erin'], chemistry: ['carol'] },
  roles: {
    'physics-admins': {
      description: 'runs one group',
      scopes: [
        'admin:users!group=physics',
        'list:users!group=physics',
        'admin:servers!group=physics',
        'tokens!group=physics',
        'admin:groups!group=physics',
        'list:groups!group=physics',
        'list:services!service=whoami',
        'read:services:name!service=whoami',
      ],
      users: ['gina'],
      services: [] as readonly string[],
    },
    culls: {
      description: 'stops idle servers',
      scopes: ['list:users', 'read:users:activity', 'read:servers', 'delete:servers'],
      users: [] as readonly string[],
      services: ['culler'],
    },
    seeds: {
      description: 'prepares this test',
      scopes: ['admin:users', 'admin:groups', 'list:services', 'read:services', 'read:roles'],
      users: [] as readonly string[],
      services: ['seed'],
    },
  },
  services: {
    seed: { url: null, display: false, info: {} },
    culler: { url: null, display: true, info: { contact: 'help@example.edu' } },
    whoami: { url: 'http://127.0.0.1:9', display: true, info: {} },
  },
} as const

/** Of each service, one for both sides. */
export const serviceTokens: Readonly<Record<keyof typeof world.services, string>> = {
  seed: randomBytes(32).toString('hex'),
  culler: randomBytes(32).toString('hex'),
  whoami: randomBytes(32).toString('hex'),
}

/** Whoever asks: how the request shows who it is. */
export const callers = [
  'anonymous',
  'alice',
  'bob',
  /** Administers the group of alice. */
  'gina',
  'admin',
  'culler',
  /** A service without a role. */
  'whoami',
  'seed',
  /** A token of alice's for her own name. */
  'narrow',
  /** Tokens of alice's that are no more, and one that never was. */
  'expired',
  'revoked',
  'made-up',
  /** alice by her browser, with the token against forgery, and without. */
  'alice-browser',
  'alice-forged',
  'admin-browser',
] as const
export type CallerName = (typeof callers)[number]
