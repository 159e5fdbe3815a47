/** Hosts for the tests, as `init` records them. Outputs are those of real programs where one was at hand; “made” says where not. */
import type { Asked } from './choices.ts'
import type { Answer, Recorded } from './recorded.ts'

export const nothingAsked: Asked = {
  instance: null,
  schedulers: null,
  front: null,
  signOn: null,
  url: null,
  port: null,
  internalPort: null,
  letters: null,
  stateDirectory: null,
  agent: null,
  account: 'batchway',
  group: 'batchway-users',
  admins: [],
  prefix: null,
}

const ok = (stdout: string): Answer => ({ code: 0, stdout, stderr: '' })
const failed = (stderr: string, code = 1): Answer => ({ code, stdout: '', stderr })

export const bare: Recorded = {
  hostName: 'login1.example.edu',
  cores: 8,
  memoryMiB: 32_000,
  commands: { sudo: '/usr/bin/sudo', visudo: '/usr/sbin/visudo', systemctl: '/usr/bin/systemctl' },
  answers: {},
  mounts: 'proc /proc proc rw 0 0\n/dev/sda1 / ext4 rw 0 0\n',
  apacheModules: [],
  environment: {},
  jupyter: [{ kind: 'jupyter-lab', path: '/opt/jupyter/bin/jupyter-lab', version: '4.0.11', isClassic: false }],
  homes: ['/home/alice'],
}

const host = (folder: string, names: readonly string[], change: Partial<Recorded>): Recorded => ({
  ...bare,
  ...change,
  commands: { ...bare.commands, ...Object.fromEntries(names.map((name) => [name, `${folder}/${name}`])) },
})

const unit = '\x1f'
const sinfoRow = (...columns: string[]): string => `${columns.join(unit)}${unit}\n`

/** Slurm 22.05.8. */
export const slurm = host('/usr/bin', ['sinfo', 'sbatch', 'scontrol'], {
  answers: {
    'slurm version': ok('slurm-wlm 22.05.8\n'),
    'slurm partitions': ok(
      sinfoRow('debug*', 'up', '30:00', '32', '128000', '(null)', '32/0/0/32') +
        sinfoRow('gpu', 'up', '1-00:00:00', '32', '128000', 'gpu:a100:4', '0/32/0/32') +
        sinfoRow('old', 'down', 'infinite', '8', '16000', '(null)', '0/0/8/8'),
    ),
    'slurm settings': ok(
      'AccountingStorageType   = accounting_storage/none\nClusterName             = larch\nPrivateData             = jobs,usage\n',
    ),
  },
})

export const silentSlurm = host('/opt/slurm/bin', ['sinfo', 'sbatch', 'scontrol'], {
  answers: {
    'slurm version': ok('slurm 24.11.5\n'),
    'slurm partitions': failed('slurm_load_partitions: Unable to contact slurm controller (connect failure)\n'),
    'slurm settings': failed('slurm_load_ctl_conf error: Unable to contact slurm controller (connect failure)\n'),
  },
  environment: { SLURM_CONF: '/opt/slurm/etc/slurm.conf', SGE_ROOT: '/opt/sge' },
})

/** OpenPBS 23.06.06: queues as its server prints them; one that only routes, one that is closed. */
export const pbs = host('/opt/pbs/bin', ['qstat', 'qsub'], {
  answers: {
    'qstat version': ok('pbs_version = 23.06.06\n'),
    'qstat queues': ok(
      'Queue: workq\n    queue_type = Execution\n    total_jobs = 8\n    resources_max.mem = 256gb\n    resources_max.ncpus = 64\n    resources_max.walltime = 48:00:00\n    enabled = True\n    started = True\n\nQueue: front\n    queue_type = Route\n    enabled = True\n    started = True\n\nQueue: closed\n    queue_type = Execution\n    enabled = True\n    started = False\n',
    ),
    'qstat server': ok(
      'Server: pbs1\n    server_state = Active\n    default_queue = workq\n    query_other_jobs = False\n    pbs_version = 23.06.06\n',
    ),
  },
})

/** Torque 6: a long line goes on behind a tab. */
export const torque = host('/usr/local/bin', ['qstat', 'qsub'], {
  answers: {
    'qstat version': { code: 0, stdout: '', stderr: 'Version: 6.1.3\nCommit: abc\n' },
    'qstat queues': ok(
      'Queue: batch\n    queue_type = Execution\n    total_jobs = 0\n    state_count = Transit:0 Queued:0 Held:0 Waiting:0 Running:0 Exiting:0 Comp\n\tlete:0 \n    mtime = 1795341085\n    enabled = True\n    started = True\n\nQueue: small\n    queue_type = Execution\n    resources_max.walltime = 28800\n    enabled = True\n    started = True\n\n',
    ),
    'qstat server': ok('Server: mesabim3.msi.umn.edu\n    default_queue = small\n    query_other_jobs = True\n'),
    'grid-engine version': failed('usage: qstat [-f] [-J jobid] ...\n'),
  },
})

/** Torque with Moab above it. */
export const moabOverTorque: Recorded = {
  ...torque,
  commands: { ...torque.commands, msub: '/opt/moab/bin/msub', showq: '/opt/moab/bin/showq' },
  answers: { ...torque.answers, 'moab version': ok('Version: moab client 9.1.1 (revision 2, changeset 4f9e)\n') },
}
export const moab = host('/opt/moab/bin', ['msub', 'showq'], {
  answers: { 'moab version': ok('Version: moab client 9.1.1 (revision 2, changeset 4f9e)\n') },
})

/** Son of Grid Engine 8.1.9. */
export const gridEngine = host('/usr/bin', ['qstat', 'qsub', 'qconf'], {
  answers: {
    'qstat version': failed('error: unknown option "--version"\nUsage: qstat --help\n'),
    'grid-engine version': ok('SGE 8.1.9\nusage: qstat [options]\n        [-ext]   view additional attributes\n'),
    'grid-engine queues': ok(
      'qname                 all.q\nhostlist              @allhosts\nh_rt                  INFINITY\n\nqname                 short.q\nhostlist              @allhosts \\\n                      @more\nh_rt                  0:30:00,[n1=1:0:0]\n',
    ),
    'grid-engine environments': ok('make\northreads\nshm\n'),
  },
  environment: { SGE_ROOT: '/var/lib/gridengine', SGE_CELL: 'alder' },
})

/** The same program where nobody set up a cell, as Debian leaves it. */
export const emptyGridEngine = host('/usr/bin', ['qstat', 'qsub', 'qconf'], {
  answers: {
    'qstat version': failed(
      'error: unable to read qmaster name: qmaster hostname in "/var/lib/gridengine/default/common/act_qmaster" has zero length\n',
    ),
    'grid-engine version': {
      code: 0,
      stdout: 'SGE 8.1.9\nusage: qstat [options]\n',
      stderr:
        'error: unable to read qmaster name: qmaster hostname in "/var/lib/gridengine/default/common/act_qmaster" has zero length\n',
    },
    'grid-engine queues': failed('error: unable to read qmaster name\n'),
  },
})

/** HTCondor 23.9.6. */
export const htcondor = host('/usr/bin', ['condor_version', 'condor_submit', 'condor_status'], {
  answers: {
    'htcondor version': ok(
      '$CondorVersion: 23.9.6 2024-08-08 BuildID: Debian-23.9.6+dfsg-2.1+b3 $\n$CondorPlatform: X86_64-Debian_13 $\n',
    ),
    'htcondor machines': ok('64 128000\n32 512000\n'),
  },
})

/** Made from the manual: LSF 10.1. */
export const lsf = host('/opt/lsf/bin', ['lsid', 'bsub', 'bqueues'], {
  answers: {
    'lsf cluster': ok(
      'IBM Spectrum LSF Standard 10.1.0.0, Jul 08 2016\nCopyright International Business Machines Corp. 1992, 2016.\n\nMy cluster name is birch\nMy master name is lsfm1\n',
    ),
    'lsf queues': ok(
      'QUEUE_NAME     PRIO      STATUS      MAX  JL/U JL/P JL/H NJOBS  PEND  RUN  SUSP  RSV PJOBS\nnight           40    Open:Inact      -    -    -    -     0     0     0     0    0     0\nnormal          30    Open:Active     -    -    -    -    12     2    10     0    0     0\nidle            20    Open:Active     -    -    -    -     0     0     0     0    0     0\n',
    ),
  },
})

/** Made: Apache with single sign-on, and shared file systems. */
export const founding = {
  ...torque,
  commands: {
    ...torque.commands,
    apache2: '/usr/sbin/apache2',
    apache2ctl: '/usr/sbin/apache2ctl',
    nginx: '/usr/sbin/nginx',
  },
  answers: {
    ...torque.answers,
    'apache modules': ok('Loaded Modules:\n core_module (static)\n proxy_module (shared)\n mod_shib (shared)\n'),
  },
  mounts: `${bare.mounts}filer:/home /home nfs4 rw 0 0\nfiler:/apps /shared/apps nfs4 rw 0 0\n`,
} satisfies Recorded

export const everyHost: Readonly<Record<string, Recorded>> = {
  bare,
  slurm,
  silentSlurm,
  pbs,
  torque,
  moab,
  moabOverTorque,
  gridEngine,
  emptyGridEngine,
  htcondor,
  lsf,
  founding,
}
