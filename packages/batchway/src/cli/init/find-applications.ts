/** What a session may run: Jupyter as this host has it, and as its modules offer it. Pure. */
import type { ConfigInput } from '../../core/config.ts'
import { plainJupyterArguments } from '../../profiles/applications.ts'
import { toApplication } from '../start/starter-config.ts'
import { anyWords, type Recorded } from './recorded.ts'

type Application = NonNullable<ConfigInput['applications']>[string]

export interface FoundApplication {
  readonly key: string
  readonly config: Application
  /** Where it comes from, in words. */
  readonly why: string
}

/** `module avail -t` names one module a line; those that bring a Jupyter say so. */
const jupyterModules = (recorded: Recorded): readonly string[] =>
  anyWords(recorded, 'module list')
    .split('\n')
    .map((line) => line.trim().replace(/\((?:default|D)\)$/i, ''))
    .filter((name) => /^[A-Za-z0-9_.+/@-]{1,200}$/.test(name) && /jupyter/i.test(name) && !name.endsWith('/'))

/** Best first: the first is what profiles run. */
export function findApplications(recorded: Recorded): readonly FoundApplication[] {
  const programs = recorded.jupyter.map((program, index): FoundApplication => {
    const { kind, path, version } = program
    return {
      key: index === 0 ? 'jupyter' : `jupyter-${index + 1}`,
      config: toApplication(program),
      why: `${path} (${kind} ${version}) of this host. The compute nodes need it at the same path.`,
    }
  })
  const modules = jupyterModules(recorded).slice(-1)
  return [
    ...programs,
    ...modules.map(
      (name): FoundApplication => ({
        key: programs.length === 0 ? 'jupyter' : 'jupyter-module',
        config: {
          kind: 'jupyter',
          title: 'JupyterLab',
          modules: [name],
          command: ['jupyter-lab', ...plainJupyterArguments('ServerApp')],
          open: 'lab',
        },
        why: `The module ${name} of this host; it must bring jupyter-lab, on the compute nodes too.`,
      }),
    ),
  ]
}
