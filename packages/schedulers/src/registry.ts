import { custom } from './custom/custom.ts'
import type { Driver } from './driver.ts'
import { gridEngine } from './grid-engine/grid-engine.ts'
import { htcondor } from './htcondor/htcondor.ts'
import { local } from './local/local.ts'
import { lsf } from './lsf/lsf.ts'
import { moab } from './moab/moab.ts'
import { pbs } from './pbs/pbs.ts'
import { slurm } from './slurm/slurm.ts'
import { torque } from './torque/torque.ts'

/** The drivers that come with Batchway; a site's own are passed beside them. What is not listed does not exist. */
export const drivers: readonly Driver[] = [local, slurm, pbs, torque, gridEngine, lsf, moab, htcondor, custom]
