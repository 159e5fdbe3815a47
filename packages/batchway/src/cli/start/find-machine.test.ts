import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { findJupyter, parsePartitions, programFolders } from './find-machine.ts'

describe('parsePartitions', () => {
  it('reads what Slurm 22.05.8 prints', () =>
    assert.deepEqual(parsePartitions(readFileSync(join(import.meta.dirname, 'testdata/sinfo-22.05.8.txt'), 'utf8')), [
      { name: 'debug', isDefault: true, maxWallSeconds: 1_800, cores: 32, memoryMiB: 128_000 },
      { name: 'batch', isDefault: false, maxWallSeconds: 172_800, cores: 32, memoryMiB: 128_000 },
      { name: 'gpu', isDefault: false, maxWallSeconds: 86_400, cores: 32, memoryMiB: 128_000 },
    ]))
  for (const [limit, seconds] of [
    ['30', 1_800],
    ['30:00', 1_800],
    ['4:00:00', 14_400],
    ['7-00:00:00', 604_800],
    ['infinite', null],
  ] as const)
    it(`reads the limit ${limit}`, () =>
      assert.equal(parsePartitions(`a|${limit}|4|1000|up\n`)[0]?.maxWallSeconds, seconds))
  it('puts the default first, and names each partition once', () =>
    assert.deepEqual(
      parsePartitions('a|1:00|4|1000|up\nb*|1:00|16+|64000+|up\na|1:00|8|2000|up\n').map(({ name, cores }) => [
        name,
        cores,
      ]),
      [
        ['b', 16],
        ['a', 4],
      ],
    ))
  for (const line of [
    'a|1:00|4|1000|down',
    'a|1:00|4|1000|drain',
    'a b|1:00|4|1000|up',
    '$(x)|1|1|1|up',
    '',
    'slurm_load',
  ])
    it(`leaves out ${JSON.stringify(line)}`, () => assert.deepEqual(parsePartitions(line), []))
})

describe('findJupyter', () => {
  const folder = mkdtempSync(join(tmpdir(), 'find-jupyter-'))
  after(() => rmSync(folder, { recursive: true }))
  /** A folder with programs that print a version; null: one that fails. */
  const withPrograms = (name: string, programs: Record<string, string | null>): string => {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true })
    for (const [program, version] of Object.entries(programs))
      writeFileSync(join(path, program), version === null ? '#!/bin/sh\nexit 1\n' : `#!/bin/sh\necho ${version}\n`, {
        mode: 0o755,
      })
    return path
  }
  for (const [why, programs, kind, isClassic] of [
    [
      'singleuser 3 with the classic notebook',
      { 'jupyterhub-singleuser': '3.0.0', 'jupyter-notebook': '6.4.12' },
      'jupyterhub-singleuser',
      true,
    ],
    [
      'singleuser 3 with JupyterLab beside',
      { 'jupyterhub-singleuser': '3.0.0', 'jupyter-notebook': '6.4.12', 'jupyter-lab': '3.6.1' },
      'jupyterhub-singleuser',
      false,
    ],
    [
      'singleuser 3 with Notebook 7',
      { 'jupyterhub-singleuser': '3.0.0', 'jupyter-notebook': '7.2.0' },
      'jupyterhub-singleuser',
      false,
    ],
    [
      'singleuser 5',
      { 'jupyterhub-singleuser': '5.2.1', 'jupyter-notebook': '6.4.12' },
      'jupyterhub-singleuser',
      false,
    ],
    ['JupyterLab alone', { 'jupyter-lab': '4.0.11' }, 'jupyter-lab', false],
    ['the classic notebook alone', { 'jupyter-notebook': '6.4.12' }, 'jupyter-notebook', true],
    ['Notebook 7 alone', { 'jupyter-notebook': '7.2.0' }, 'jupyter-notebook', false],
    [
      'the notebook before a bare server, which has no pages',
      { 'jupyter-server': '2.0', 'jupyter-notebook': '6.5' },
      'jupyter-notebook',
      true,
    ],
    ['a bare server', { 'jupyter-server': '2.14.0' }, 'jupyter-server', false],
    [
      'JupyterLab where singleuser is broken',
      { 'jupyterhub-singleuser': null, 'jupyter-lab': '4.1.0' },
      'jupyter-lab',
      false,
    ],
  ] as const)
    it(`finds ${why}`, async () => {
      const path = withPrograms(why.replaceAll(' ', '-'), programs)
      const [found] = await findJupyter([join(folder, 'nowhere'), path])
      assert.deepEqual([found?.kind, found?.isClassic, found?.path], [kind, isClassic, join(path, kind)])
    })
  it('finds nothing where nothing is', async () => assert.deepEqual(await findJupyter([folder]), []))
})

describe('programFolders', () => {
  it('begins with what is asked for and never looks in relative folders', () => {
    const before = process.env.PATH
    process.env.PATH = `relative:.::${before}`
    try {
      const folders = programFolders(['/opt/first/bin'])
      assert.equal(folders[0], '/opt/first/bin')
      assert.ok(folders.every((folder) => folder.startsWith('/')))
    } finally {
      process.env.PATH = before
    }
  })
})
