/** What a machine offers, as the first start found it. Data only. */

export interface JupyterProgram {
  /** `jupyterhub-singleuser` checks visitors itself; the others are guarded by the agent. */
  readonly kind: 'jupyterhub-singleuser' | 'jupyter-lab' | 'jupyter-server' | 'jupyter-notebook'
  /** Absolute path. */
  readonly path: string
  readonly version: string
  /** The classic notebook (before 7), or a single-user server before 4.0 that must be told to be it, where there is no JupyterLab. */
  readonly isClassic: boolean
}

export interface SlurmPartition {
  readonly name: string
  readonly isDefault: boolean
  readonly maxWallSeconds: number | null
  readonly cores: number
  readonly memoryMiB: number
}

export interface Machine {
  readonly cores: number
  readonly memoryMiB: number
  readonly hostName: string
  /** Best first. */
  readonly jupyter: readonly JupyterProgram[]
  /** Partitions of a Slurm that this account may submit to; null if there is none. */
  readonly slurm: readonly SlurmPartition[] | null
}
