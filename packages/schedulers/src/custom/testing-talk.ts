/** The founding talk's `TorqueSpawner` as settings of a custom cluster: its script, its three commands and its three expressions, to the letter. */
export const torqueSpawner = (commands: string) => ({
  script: `#!/bin/sh
#PBS -q {queue}@{host}
#PBS -N {job_name}
#PBS -l walltime={runtime},nodes=1:ppn={nprocs},mem={memory}
#PBS -j oe
#PBS -o {output}
{cmd}
`,
  submit: `${commands}/qsub`,
  query: `${commands}/qstat -x {job_id}`,
  cancel: `${commands}/qdel {job_id}`,
  pending: '<job_state>[QH]</job_state>',
  running: '<job_state>R</job_state>',
  execHost: String.raw`<exec_host>((?:[\w_-]+\.?)+)/\d+`,
})

/** What makes it tell more. */
export const furtherExpressions = {
  held: '<job_state>H</job_state>',
  ended: '<exit_status>-?\\d+</exit_status>',
  cancelled: '<exit_status>271</exit_status>',
  exitStatus: '<exit_status>(-?\\d+)</exit_status>',
  name: '<Job_Name>([^<]*)</Job_Name>',
}
