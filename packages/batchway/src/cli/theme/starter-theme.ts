/** What `batchway theme init` writes: a theme that changes nothing yet, with everything that could be changed beside it. */
import { messageKeys, messages } from '../../web/theme/messages.ts'
import { colourNames, colours } from '../../web/theme/palette.ts'
import { shapes } from '../../web/theme/theme-file.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const palette = (at: 1 | 2): string[] =>
  colourNames.map((name) => {
    const colour = colours[name]
    return `#     ${`${name}:`.padEnd(14)} '${colour[at]}'${at === 1 ? `  # ${colour[0]}` : ''}`
  })

export const starterTheme = (): string =>
  `# The look and the words of this site. What stands here as a comment shows what holds without it.
# An edit shows on the next page that is loaded. "batchway theme check" says what does not fit.

# title: Batchway              # in the head, in the tab, on the sign-in page

# logo:                        # static/logo.svg or .png; static/logo-dark.svg for dark pages; static/favicon.svg for the tab
#   showsTitle: true           # false where the logo holds the title

# links:
#   help: https://hpc.example.edu/jupyter-help
#   policy: https://hpc.example.edu/terms
#   menu:                      # further links of the navigation
#     - { label: 'Quotas', url: 'https://hpc.example.edu/quotas' }
#   footer:
#     - { label: 'Status', url: 'https://status.hpc.example.edu/' }

# colours:                     # pairs that meet on pages must stay apart: "batchway theme check" measures them
#   light:
${palette(1).join('\n')}
#   dark:
${palette(2).join('\n')}

# shape:
${Object.entries(shapes)
  .map(([name, [, about]]) => `#   ${`${name}:`.padEnd(10)} # ${about}`)
  .join('\n')}

# messages:
${messageKeys.map((key) => `#   ${key}: ${quoted(messages[key].text)}`).join('\n')}
`

export const starterReadme = `A theme of Batchway.

- theme.yaml: title, colours, links, texts
- blocks/NAME.liquid, parts/NAME.liquid: "batchway theme show" lists the names, "batchway theme show NAME" prints what to begin with
- static/: logo.svg, logo-dark.svg, favicon.svg, and pictures for the templates

"batchway theme check" says what does not fit, and what to write instead.
`
