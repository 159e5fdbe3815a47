/** What `batchway import profiles` writes: YAML for the configuration, and a report for its reader. Pure. */
import { stringify } from 'yaml'
import { type ImportedProfile, isWhole } from '../../profiles/import/map-list.ts'
import type { FoundList } from '../../profiles/import/read-profile-list.ts'
import { toProfile } from '../../profiles/import/to-profile.ts'
import { plainLine } from '../remote/plain-text.ts'

/** A comment is one line, whatever stands in a title or a value. */
const comment = (text: string): string => `# ${plainLine(text)}`
const indented = (text: string, by: string): string => text.replace(/^(?=.)/gm, by)

interface ClusterWish {
  readonly key: string
  readonly driver: string
}

function clustersOf(profiles: readonly ImportedProfile[]): ClusterWish[] {
  const clusters = profiles.flatMap(({ cluster, problems }) =>
    cluster === null || problems.length > 0 ? [] : [cluster],
  )
  return [...new Map(clusters.map((cluster) => [cluster.key, cluster])).values()]
}

function profileText(profile: ImportedProfile): string {
  const { number, className, title } = profile
  const input = toProfile(profile)
  const own = input === null ? { key: profile.key, title } : input
  const entry = stringify([own], { lineWidth: 0 }).trimEnd()
  const lines = [
    comment(`${number}: ${className || title || 'cannot be read'}`),
    ...profile.problems.map((problem) => comment(`NOT TAKEN OVER: ${problem}`)),
    ...profile.notes.flatMap(({ setting, value, verdict, words }) =>
      verdict === 'mapped'
        ? []
        : [comment(`${verdict === 'unmapped' ? 'DOES NOT MAP' : 'not needed'}: ${setting} = ${value}: ${words}`)],
    ),
    ...profile.remarks.map((remark) => comment(`look at this: ${remark}`)),
    input === null ? entry.replace(/^/gm, '# ') : entry,
  ]
  return indented(lines.join('\n'), '  ')
}

/** The `profiles` of a configuration: to be pasted, or kept in a file that `profileFiles` names. */
export function configText(source: string, profiles: readonly ImportedProfile[]): string {
  const clusters = clustersOf(profiles).flatMap(({ key, driver }) => [`#   ${key}:`, `#     driver: ${driver}`])
  const applications = [...new Set(profiles.map(({ application }) => application))]
  return [
    comment(`Profiles from ${source}, by "batchway import profiles".`),
    '# Paste them into batchway.yaml, or keep them in a file of their own: profileFiles: [profiles.yaml]',
    '#',
    '# They need these clusters, each with what its driver asks for:',
    '# clusters:',
    ...clusters,
    `# and these applications: ${applications.join(', ')}`,
    profiles.some((profile) => toProfile(profile) !== null) ? 'profiles:' : '# profiles:',
    ...profiles.map(profileText),
    '',
  ].join('\n')
}

const marks = { mapped: 'maps to', unneeded: 'not needed:', unmapped: 'DOES NOT MAP:' } as const

/** One block for each profile, then what it comes to. */
export function reportText(source: string, found: FoundList, profiles: readonly ImportedProfile[]): string {
  const lines = [`${plainLine(source)}: ${profiles.length} in the list at line ${found.line}`]
  for (const note of found.notes) lines.push(`  ${plainLine(note)}`)
  for (const profile of profiles) {
    const { number, key, title, cluster, className } = profile
    lines.push('', plainLine(`${number}. ${title || '(no title)'} [${key}]`))
    if (cluster !== null)
      lines.push(plainLine(`   ${className} maps to cluster ${cluster.key}, driver ${cluster.driver}`))
    for (const { setting, value, verdict, words } of profile.notes)
      lines.push(plainLine(`   ${setting} = ${value}: ${marks[verdict]} ${words}`))
    for (const remark of profile.remarks) lines.push(plainLine(`   look at this: ${remark}`))
    for (const problem of profile.problems) lines.push(plainLine(`   NOT TAKEN OVER: ${problem}`))
  }
  if (found.unread.length > 0)
    lines.push(
      '',
      'Not read, since only the list is:',
      ...found.unread.slice(0, 20).map((one) => `  ${plainLine(one)}`),
    )
  if (found.unread.length > 20) lines.push(`  and ${found.unread.length - 20} more`)
  const whole = profiles.filter(isWhole).length
  const part = profiles.filter((profile) => !isWhole(profile) && toProfile(profile) !== null).length
  lines.push('', `${whole} whole, ${part} in part, ${profiles.length - whole - part} not at all`)
  return `${lines.join('\n')}\n`
}
