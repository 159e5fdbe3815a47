/** The plan of the house as tables, and the one function that compares a tree of sources with it. ARCHITECTURE.md says it in words. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { scanImports } from './scan-imports.ts'

/** Lowest floor first. A room may import itself and any lower floor; rooms of one floor do not know each other. */
export const floors: readonly (readonly string[])[] = [
  ['core'],
  ['store'],
  ['people', 'profiles'],
  ['sessions'],
  ['report'],
  ['events'],
  ['api', 'web', 'oauth'],
  ['app'],
  ['cli'],
]

/**
 * The only imports that point upwards, for types alone: a room says in its own words what it wants kept, and `store` implements that.
 * `from` and `to` are tested against paths below `packages/batchway/src`.
 */
const upwardTypes: readonly { readonly from: RegExp; readonly to: RegExp; readonly why: string }[] = [
  {
    from: /^store\//,
    to: /^(sessions|people|profiles|report)\/([a-z-]+-store|session|people|spec)\.ts$/,
    why: 'the interfaces that store implements, and the words they are written in',
  },
]

/** Which of our packages a package may import at all. */
const packageWalls: Readonly<Record<string, readonly string[]>> = {
  proxy: [],
  agent: [],
  schedulers: [],
  batchway: ['@batchway/proxy', '@batchway/schedulers', '@batchway/agent'],
}

/** What only some rooms of `batchway` may import as a value. Its types may go anywhere. */
const doors: readonly { readonly what: RegExp; readonly rooms: readonly string[]; readonly why: string }[] = [
  { what: /^(kysely|pg|node:sqlite)(\/|$)/, rooms: ['store'], why: 'store is the only room that writes SQL' },
  { what: /^(hono|@hono\/)/, rooms: ['api', 'web', 'oauth', 'app'], why: 'the rooms below speak no HTTP' },
  {
    what: /^@batchway\/proxy(\/hub-side)?$/,
    rooms: ['sessions', 'app', 'cli'],
    why: 'routes are an effect of sessions',
  },
  {
    what: /^@batchway\/schedulers(\/|$)/,
    rooms: ['profiles', 'sessions', 'app', 'cli'],
    why: 'jobs are an effect of sessions',
  },
  {
    what: /^@batchway\/agent$/,
    rooms: ['sessions', 'api', 'app', 'cli'],
    why: 'claims and reports come in through the API',
  },
]

/** Rooms that may import a module whose name is only known at run time (a site's configuration file). */
const computedImports = ['core', 'app', 'cli']

const roomOf = (path: string) => (path.includes('/') ? (path.split('/')[0] ?? '') : '')
const floorOf = (room: string) => floors.findIndex((floor) => floor.includes(room))

/** @returns one sentence for each import of the tree `packages/` that breaks a wall; empty if all stand. */
export function findBreaches(packages: string): string[] {
  const files = globSync('*/src/**/*.{ts,mts,js,mjs}', { cwd: packages })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/\/(static|testdata|node_modules)\//.test(file))
    .sort()
  return files.flatMap((file) => {
    const imports = scanImports(readFileSync(join(packages, file), 'utf8'))
    return imports.flatMap(({ specifier, isTypeOnly, line }) => {
      const breach = judge(packages, file, specifier, isTypeOnly)
      return breach ? [`${file}:${line} ${breach}`] : []
    })
  })
}

function judge(packages: string, file: string, specifier: string | null, isTypeOnly: boolean): string | null {
  const [name = ''] = file.split('/')
  const source = join(packages, name, 'src')
  const inside = file.slice(name.length + '/src/'.length)
  const room = name === 'batchway' ? roomOf(inside) : ''
  if (specifier === null) {
    if (name !== 'batchway' || computedImports.includes(room) || isTest(file)) return null
    return 'imports a module whose name is computed, so that no wall can be tested'
  }
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(join(packages, file)), specifier)
    const path = relative(source, target).replaceAll('\\', '/')
    if (path.startsWith('..')) return `reaches out of its package by path: ${specifier}`
    if (!existsSync(target)) return `imports ${specifier}, which does not exist`
    return name === 'batchway' ? judgeRooms(inside, path, isTypeOnly) : null
  }
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return `imports by absolute path: ${specifier}`
  const ours = /^(@batchway\/[^/]+|batchway)(\/|$)/.exec(specifier)?.[1]
  const own = name === 'batchway' ? 'batchway' : `@batchway/${name}`
  if (ours === own) return `imports its own package by name: ${specifier}`
  if (ours && !packageWalls[name]?.includes(ours)) return `package ${name} may not import ${ours}`
  if (name !== 'batchway' || isTypeOnly || isTest(file)) return null
  const door = doors.find(({ what }) => what.test(specifier))
  if (!door || room === '' || door.rooms.includes(room)) return null
  return `${room} may not import ${specifier}: ${door.why}`
}

/** Tests and what only tests use. */
const isTest = (file: string) => /\.(test|contract)\.ts$|\/(contract|testing|testdata)\//.test(file)

function judgeRooms(from: string, to: string, isTypeOnly: boolean): string | null {
  const [room, other] = [roomOf(from), roomOf(to)]
  // Files directly in src (index.ts, the entries of processes) are the front door: they see all rooms, and no room sees them.
  if (room === '' || room === other) return null
  if (floorOf(room) === -1) return `the room ${room} stands on no floor: add it to the table`
  if (other === '') return `${room} may not import the front door ${to}`
  if (floorOf(other) === -1) return `the room ${other} stands on no floor: add it to the table`
  if (floorOf(other) < floorOf(room)) return null
  if (isTypeOnly && upwardTypes.some((way) => way.from.test(from) && way.to.test(to))) return null
  const how = floorOf(other) === floorOf(room) ? 'is on the same floor' : 'is on a higher floor'
  return `imports ${to}: ${other} ${how} than ${room} may see`
}
