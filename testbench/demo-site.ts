/** The running half of `npm run demo:slurm`: the site of the end-to-end tests, with profiles for a person. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { freePort, isFree } from '../packages/batchway/src/cli/start/free-port.ts'
import { openSite } from '../test/e2e/support/site.ts'

const people = ['alice', 'bob', 'carol']

const size = { cores: 2, memory: '2G', walltime: '25m' }

const profiles = [
  {
    key: 'lab',
    title: 'JupyterLab',
    description: 'Partition batch, up to a day',
    cluster: 'slurm',
    application: 'lab',
    resources: { ...size, walltime: '2h' },
    choose: { cores: [1, 16], memory: ['512M', '32G'], walltime: ['5m', '24h'] },
    options: { partition: 'batch' },
  },
  {
    key: 'classic',
    title: 'Classic notebook',
    description: 'Partition debug, half an hour at most',
    cluster: 'slurm',
    application: 'classic',
    resources: size,
    choose: { cores: [1, 8], memory: ['512M', '8G'], walltime: ['1m', '30m'] },
    options: { partition: 'debug' },
  },
  {
    key: 'gpu',
    title: 'JupyterLab with a GPU',
    description: 'Partition gpu; the GPU is a name only',
    cluster: 'slurm',
    application: 'plain-lab',
    resources: { ...size, gpus: 1 },
    options: { partition: 'gpu' },
  },
  {
    key: 'here',
    title: 'Without Slurm',
    cluster: 'local',
    application: 'classic',
    resources: { ...size, memory: '1G' },
  },
]

const asked = process.argv[2] === undefined ? undefined : Number(process.argv[2])
if (asked !== undefined && !(await isFree(asked))) throw new Error(`port ${asked} is taken, or is no port`)

const say = (words: string): void => {
  process.stdout.write(`${words}\n`)
}

await using site = await openSite({
  instance: 'dm',
  port: asked ?? (await freePort(8_000)),
  change: (config) => Object.assign(config, { profiles, site: { name: 'Larch' } }),
})

async function sayLinks(): Promise<void> {
  say('Each link works once, within 15 minutes; a private window for each person keeps them apart.')
  for (const name of people) say(`  ${name.padEnd(6)} ${await site.link(name)}`)
}

say(`Batchway runs at ${site.url} in front of Slurm.`)
await sayLinks()
say(`Configuration: ${site.configFile}   Log: ${site.logFile}`)
say('Enter prints fresh links. Ctrl-C ends the gateway and its sessions.')
const terminal = createInterface({ input: process.stdin })
terminal.on('line', () => void sayLinks())
await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => once(process, name)))
terminal.close()
say('Stopping.')
