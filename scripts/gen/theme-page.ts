/** The page of what a theme may change, read off the lists that check themes. */

import { messageKeys, messages } from '../../packages/batchway/src/web/theme/messages.ts'
import { commonVariables, fileOf, openingNames, openingOf } from '../../packages/batchway/src/web/theme/openings.ts'
import { colourNames, colours, pairs } from '../../packages/batchway/src/web/theme/palette.ts'
import { knownPictures } from '../../packages/batchway/src/web/theme/pictures.ts'
import { limits } from '../../packages/batchway/src/web/theme/read-folder.ts'
import { freeParts } from '../../packages/batchway/src/web/theme/site-theme.ts'
import { usualLimits } from '../../packages/batchway/src/web/theme/theme-engine.ts'
import { shapes, ThemeFile } from '../../packages/batchway/src/web/theme/theme-file.ts'
import type { Variables } from '../../packages/batchway/src/web/theme/variables.ts'
import { cell, code, page, table } from './markdown.ts'

const variableTable = (variables: Variables): string =>
  table(
    ['variable', 'kind', 'meaning'],
    Object.entries(variables).map(([path, [kind, meaning]]) => [code(path), kind, cell(meaning)]),
  )

export const themePage = (): string =>
  page(
    'Themes',
    'packages/batchway/src/web/theme/',
    '[How to give the pages a look of your own](../how-to/theme.md). `[]` in a variable stands for each of a list; a `time` is in milliseconds, for the filters below.',
    '## theme.yaml',
    table(
      ['key', 'meaning'],
      Object.entries(ThemeFile.shape).map(([name, schema]) => [code(name), cell(schema.description ?? '')]),
    ),
    `A folder has up to ${limits.files} files: templates of up to ${limits.templateBytes / 1024} KiB, pictures of up to ${limits.pictureBytes / 1024} KiB. One template may print ${usualLimits.output / 1024} Ki characters and take ${usualLimits.renderMs} ms.`,
    '## Colours',
    table(
      ['name', 'for', 'light', 'dark'],
      colourNames.map((name) => {
        const [about, light, dark] = colours[name]
        return [code(name), cell(about), code(light), code(dark)]
      }),
    ),
    `These pairs meet on pages and must have the contrast of WCAG 2: ${pairs.map(([front, back, needs]) => `${front} on ${back} (${needs})`).join(', ')}.`,
    '## Shape',
    table(
      ['name', 'for'],
      Object.entries(shapes).map(([name, [, about]]) => [code(name), cell(about)]),
    ),
    '## Pictures',
    table(
      ['file', 'for'],
      Object.entries(knownPictures).map(([name, about]) => [code(`static/${name}.svg`), cell(about)]),
    ),
    'Also `.png`, `.webp`, `.ico`. Other pictures are for templates: `<img src="{{ \'partner.png\' | theme_file }}" alt="…">`.',
    '## Texts',
    table(
      ['key', 'text', 'where'],
      messageKeys.map((key) => [code(key), cell(messages[key].text), cell(messages[key].where)]),
    ),
    '## Variables of every block and part',
    variableTable(commonVariables),
    '## Tags and filters',
    table(
      ['write', 'for'],
      [
        ['`{% default %}`', 'what would stand here without the theme'],
        ['`{% form_token %}`', 'the hidden field that each form with `method="post"` needs'],
        ["`{% say 'home.title' %}`", 'a text by its key; blanks as `site: site.name`'],
        [`\`{% render 'parts/icon', name: 'info' %}\``, `a part: those below, and ${freeParts.join(', ')}`],
        ["`{{ 'x.png' | theme_file }}`", 'address of a picture of the theme'],
        [
          '`{{ now \\| clock }}`',
          'also `clock_zone`, `clock_seconds`, `full_time`, `iso`; `duration` and `took` for seconds, `memory` for MiB',
        ],
      ],
    ),
    ...openingNames.flatMap((name) => {
      const { folder, about, variables } = openingOf(name)
      const own = Object.keys(variables).length > 0 ? [variableTable(variables)] : []
      return [`## ${folder === 'blocks' ? 'Block' : 'Part'} ${code(name)}`, `${code(fileOf(name))}: ${about}`, ...own]
    }),
  )
