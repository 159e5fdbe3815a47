/** All checks of `batchway doctor`, in the order in which they are told. `docs/reference/doctor.md` is made from this table. */

export interface CheckRow {
  readonly title: string
  /** `site`: once. `cluster`: once for each cluster. `job`: once for each cluster, by a job that runs there. */
  readonly scope: 'site' | 'cluster' | 'job'
  /** What is looked at, for the reference page. */
  readonly looks: string
  /** What does not work while it is a problem. */
  readonly matters: string
}

export const checks = {
  configuration: {
    title: 'Configuration',
    scope: 'site',
    looks: 'The same as `batchway config check`.',
    matters: 'Nothing starts, and nothing else can be checked.',
  },
  account: {
    title: 'Account',
    scope: 'site',
    looks: 'Whether the doctor runs as the account that owns the state directory: the hub’s.',
    matters: 'Another account has other rights: what it can do says nothing about the hub.',
  },
  versions: {
    title: 'Versions',
    scope: 'site',
    looks: 'Node, this program, and the hub that runs now.',
    matters: 'A hub that was not restarted after an update speaks another version than its commands.',
  },
  'state-directory': {
    title: 'State directory',
    scope: 'site',
    looks: 'Owner, mode, free space, and whether the file system is shared by hosts.',
    matters: 'Secrets leak; SQLite loses data on network file systems.',
  },
  secrets: {
    title: 'Secrets',
    scope: 'site',
    looks: 'Owner, mode and form of `hub.key` and `proxy.token`. They are never printed.',
    matters: 'Hub and proxy refuse to start with a secret that others can read.',
  },
  database: {
    title: 'Database',
    scope: 'site',
    looks: 'Whether it opens, and whether its tables are those of this version.',
    matters: 'The hub does not start.',
  },
  listeners: {
    title: 'Listening addresses',
    scope: 'site',
    looks: 'Whether each address is free, or held by our own hub and proxy.',
    matters: 'The hub or the proxy does not start.',
  },
  proxy: {
    title: 'Proxy',
    scope: 'site',
    looks: 'Whether its control API answers and takes the token of the state directory.',
    matters: 'No session gets a route.',
  },
  routes: {
    title: 'Routes',
    scope: 'site',
    looks: 'The proxy’s routes beside the sessions in the database that are ready.',
    matters: 'A ready session cannot be reached, or a route leads to what has ended.',
  },
  'host-names': {
    title: 'Host names',
    scope: 'site',
    looks:
      'With `applicationHosts` only: whether a made-up name under the domain leads to an address of the hub’s own name, as this machine resolves names, and whether the hub’s cookies can be bound to its host.',
    matters: 'No application can be opened.',
  },
  pam: {
    title: 'Passwords by PAM',
    scope: 'site',
    looks:
      'Sign-in `pam` only: whether saslauthd answers at its socket and lets the hub in, the service in `/etc/pam.d`, and whether it keeps passwords. No password is asked about.',
    matters: 'Nobody can sign in with a password.',
  },
  'login-node': {
    title: 'Login node',
    scope: 'cluster',
    looks:
      'Transport `ssh` only: owner and mode of the key, the host key, whether the forced command answers, its version, the programs of its rules, its clock.',
    matters: 'The cluster cannot be reached: nothing starts, and nobody is told how sessions end.',
  },
  driver: {
    title: 'Driver',
    scope: 'cluster',
    looks:
      'Drivers that have not been run against a real server of their scheduler, or of which a site must know something else.',
    matters: 'What the scheduler answers may differ from what the driver was made for.',
  },
  commands: {
    title: 'Scheduler commands',
    scope: 'cluster',
    looks: 'The absolute path of each command that the driver runs, on the PATH of the doctor.',
    matters: 'No job can be submitted, seen or cancelled.',
  },
  scheduler: {
    title: 'Scheduler',
    scope: 'cluster',
    looks:
      'Whether it lists jobs, its version, and settings that decide what the hub can learn (`PrivateData`, `MinJobAge`, accounting). HTCondor: version, history and domains.',
    matters: 'The hub cannot follow its jobs.',
  },
  partitions: {
    title: 'Partitions',
    scope: 'cluster',
    looks:
      'Whether the partitions that profiles name exist, are up, and are large enough for what the profile asks and lets users choose.',
    matters: 'Sessions of that profile wait for ever.',
  },
  agent: {
    title: 'Agent',
    scope: 'cluster',
    looks: 'The folder of `batchway agent install`: version, protocol, runtime, owner and modes.',
    matters: 'Jobs end before their application starts; who may write there runs code as every user.',
  },
  'local-scheduler': {
    title: 'Local scheduler',
    scope: 'cluster',
    looks: 'Driver `local` only: whether it answers, modes of its folders, `hidepid` on /proc, systemd.',
    matters: 'Jobs of this machine do not start, or die with the hub.',
  },
  sudo: {
    title: 'sudo rules',
    scope: 'cluster',
    looks:
      'Transport `sudo`: each command is run as the account in a harmless way (`--version`); the rules that sudo lists; who may write the programs. Transport `ssh`: the list of jobs is asked for as the account. Needs `--as`.',
    matters: 'No job can be submitted or cancelled as its user; a rule that is too wide gives away accounts.',
  },
  profiles: {
    title: 'Profiles',
    scope: 'cluster',
    looks:
      'Driver `slurm` only: each profile as the account, by `sbatch --test-only`, which submits nothing. Needs `--as`.',
    matters: 'The scheduler refuses sessions of that profile (account, QOS, partition, limits).',
  },
  'job-submit': {
    title: 'Job: submit',
    scope: 'job',
    looks: 'A job of one core and two minutes is submitted as the account, in the way of a session.',
    matters: 'No session starts.',
  },
  'job-visible': {
    title: 'Job: visible to the hub',
    scope: 'job',
    looks: 'Whether the hub’s one list call shows the job of the account (`PrivateData=jobs` hides it).',
    matters: 'The hub cannot tell a job that waits or runs from one that is gone.',
  },
  'job-start': {
    title: 'Job: start',
    scope: 'job',
    looks: 'Whether it runs within two minutes, and why it waits if not.',
    matters: 'If it can never run, no session of that profile can.',
  },
  'job-home': {
    title: 'Job: home',
    scope: 'job',
    looks: 'Whether the home is there on the node, is where the hub believes it, and can be written.',
    matters: 'Sessions end at once: their log cannot be written, or their application has no home.',
  },
  'job-log': {
    title: 'Job: log',
    scope: 'job',
    looks: 'Whether the hub can read the job’s log itself. It need not: agents send the last lines.',
    matters: 'Only where no agent ran the page then names host and path of the log, not its text.',
  },
  'job-runtime': {
    title: 'Job: agent and runtime',
    scope: 'job',
    looks: 'Whether the node sees the agent’s folder and can start its Node (glibc 2.28 or later).',
    matters: 'Sessions end before their application starts.',
  },
  'job-hub': {
    title: 'Job: hub address',
    scope: 'job',
    looks:
      'Whether the hub answers at its address as seen from the job: name, connection, base path, version. If no hub runs, the doctor answers in its place.',
    matters: 'Sessions never become ready.',
  },
  'job-environment': {
    title: 'Job: environment',
    scope: 'job',
    looks:
      'The `module` command, where profiles load modules; proxy variables that would lead calls to the hub astray.',
    matters: 'Modules do not load; the application’s calls to the hub get lost.',
  },
  'job-applications': {
    title: 'Job: applications',
    scope: 'job',
    looks:
      'For each application of this cluster’s profiles: its modules load, its prologue runs, its command is found.',
    matters: 'Sessions of that application fail.',
  },
  'job-clock': {
    title: 'Job: clocks',
    scope: 'job',
    looks: 'The clocks of hub, scheduler and node beside each other.',
    matters: 'MUNGE refuses credentials that are five minutes off; times on the pages are wrong.',
  },
  'job-cancel': {
    title: 'Job: cancel',
    scope: 'job',
    looks: 'Whether the job ends when it is cancelled as a session’s would be.',
    matters: 'Stopped sessions go on and are charged.',
  },
  'job-accounting': {
    title: 'Job: accounting',
    scope: 'job',
    looks: 'Whether accounting tells the hub how the job ended, and after how long.',
    matters: 'Some outcomes are told less exactly: out of memory, who cancelled, memory used.',
  },
} as const satisfies Record<string, CheckRow>

export type CheckId = keyof typeof checks
