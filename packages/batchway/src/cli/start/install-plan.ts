/** What is missing for a first session, and the exact commands that bring it. Pure. */

export interface InstallFacts {
  readonly isRoot: boolean
  readonly hasApt: boolean
  /** Does Debian's archive have this package here? */
  readonly hasPackage: (name: string) => boolean
  readonly hasPython: boolean
  /** Where a normal user's virtual environment goes. */
  readonly venv: string
}

export interface InstallPlan {
  readonly missing: string
  /** argv of each step. */
  readonly steps: readonly (readonly string[])[]
  /** Does it change the system, or a folder of the user's own? */
  readonly scope: 'system' | 'folder'
}

/** @returns null if nothing can be done here: then `manualWords` says what a person can do. */
export function planJupyter(facts: InstallFacts): InstallPlan | null {
  if (facts.isRoot && facts.hasApt) {
    // JupyterLab where the release has it, else the classic notebook; both under jupyterhub-singleuser.
    const face = facts.hasPackage('jupyterlab') ? ['jupyterlab', 'jupyter-core'] : ['jupyter-notebook']
    return {
      missing: 'Jupyter (jupyterhub-singleuser, jupyter-lab or jupyter-server)',
      steps: [['apt-get', 'install', '-y', '--no-install-recommends', 'jupyterhub', ...face, 'python3-ipykernel']],
      scope: 'system',
    }
  }
  if (!facts.isRoot && facts.hasPython) {
    return {
      missing: 'Jupyter (jupyterhub-singleuser, jupyter-lab or jupyter-server)',
      steps: [
        ['python3', '-m', 'venv', facts.venv],
        [`${facts.venv}/bin/pip`, 'install', '--disable-pip-version-check', 'jupyterhub', 'jupyterlab'],
      ],
      scope: 'folder',
    }
  }
  return null
}

/** What a person can do where we cannot. */
export const manualWords = (isRoot: boolean): string =>
  isRoot
    ? 'Install JupyterLab and JupyterHub’s single-user server with this system’s package manager, or: pip install jupyterhub jupyterlab'
    : 'Ask an administrator for Python 3 or Jupyter. On Debian and Ubuntu:\n  sudo apt-get install jupyterhub jupyter-notebook python3-ipykernel'
