/** What is missing for a first session, and the exact commands that bring it. Pure. */

export interface InstallFacts {
  readonly isRoot: boolean
  readonly hasApt: boolean
  /** Does the archive of this release have the package? */
  readonly hasPackage: (name: string) => boolean
  /** `venv`: makes complete virtual environments. `pip`: only without pip of their own (Debian without python3-venv), but pip is there. */
  readonly python: 'venv' | 'pip' | 'alone' | 'none'
  /** Where a virtual environment goes. */
  readonly venv: string
}

export interface InstallPlan {
  readonly missing: string
  /** argv of each step. */
  readonly steps: readonly (readonly string[])[]
  /** Does it change the system, or a folder of the user's own? */
  readonly scope: 'system' | 'folder'
}

const missing = 'Jupyter (jupyterhub-singleuser, jupyter-lab, jupyter-notebook or jupyter-server)'

/**
 * JupyterLab, or the classic notebook where the release has no other; the agent guards them. Not the archive's `jupyterhub`:
 * it brings a Node.js of its own, which clashes with other sources of Node.js, and a service that starts and listens on all addresses.
 * @returns null if nothing can be done here: then `manualWords` says what a person can do.
 */
export function planJupyter({ isRoot, hasApt, hasPackage, python, venv }: InstallFacts): InstallPlan | null {
  if (isRoot) {
    if (!hasApt) return null
    const face = hasPackage('jupyterlab') ? 'jupyterlab' : 'jupyter-notebook'
    const packages = [face, 'python3-ipykernel']
    return {
      missing,
      steps: [['apt-get', 'install', '--yes', '--no-install-recommends', ...packages]],
      scope: 'system',
    }
  }
  const wanted = ['jupyterlab']
  switch (python) {
    case 'venv':
      return {
        missing,
        steps: [
          ['python3', '-m', 'venv', venv],
          [`${venv}/bin/python`, '-m', 'pip', 'install', '--disable-pip-version-check', ...wanted],
        ],
        scope: 'folder',
      }
    case 'pip':
      return {
        missing,
        steps: [
          ['python3', '-m', 'venv', '--without-pip', venv],
          [
            'python3',
            '-m',
            'pip',
            '--python',
            `${venv}/bin/python`,
            'install',
            '--disable-pip-version-check',
            ...wanted,
          ],
        ],
        scope: 'folder',
      }
    case 'alone':
    case 'none':
      return null
  }
}

/** What a person can do where we do not. */
export function manualWords(isRoot: boolean, hasApt: boolean, python: InstallFacts['python']): string {
  if (isRoot && !hasApt)
    return 'Install JupyterLab with the package manager of this system, or Python 3 with venv for those who work here.'
  const sudo = isRoot ? '' : 'sudo '
  const why = {
    venv: '',
    pip: '',
    alone: 'The Python 3 of this machine can make no virtual environment: its venv module or pip is missing.\n',
    none: 'There is no Python 3 on this machine either, and only an administrator can install it.\n',
  }[python]
  return hasApt
    ? `${isRoot ? '' : why}On Debian and Ubuntu either of these is enough:\n  ${sudo}apt-get install jupyter-notebook python3-ipykernel\n  ${sudo}apt-get install python3-venv    (Jupyter then goes into a virtual environment)`
    : `${why}Ask an administrator for Python 3 with venv, or for JupyterLab.`
}
