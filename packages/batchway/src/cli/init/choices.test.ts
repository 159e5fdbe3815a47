import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Asked, choose } from './choices.ts'
import { readNeighbour } from './neighbours.ts'
import type { Recorded } from './recorded.ts'
import { bare, founding, nothingAsked, slurm } from './testing-hosts.ts'

const made = (
  host: Recorded,
  asked: Partial<Asked> = {},
  ...more: [Parameters<typeof choose>[2]?, Parameters<typeof choose>[3]?]
) => choose(host, { ...nothingAsked, ...asked }, more[0] ?? [], more[1])
const neighbour = (instance: string | null, text: string) => {
  const found = readNeighbour(`/etc/batchway${instance === null ? '' : `-${instance}`}/batchway.yaml`, text)
  assert.ok(found)
  return found
}

describe('choose', () => {
  it('puts Apache before it where that signs people in, and nothing where a server only happens to be there', () => {
    const { front, signOn, url, listen } = made(founding)
    assert.deepEqual(
      [front?.server, signOn?.signOn, url, listen],
      ['apache', 'shibboleth', 'https://login1.example.edu/', '127.0.0.1:8000'],
    )
    const nginx = { ...bare, commands: { ...bare.commands, nginx: '/usr/sbin/nginx' } }
    assert.deepEqual([made(nginx).front, made(nginx).url], [null, 'http://127.0.0.1:8000/'])
    assert.equal(made(nginx, { front: 'nginx' }).front?.server, 'nginx')
    assert.equal(made(founding, { front: 'none' }).front, null)
    assert.equal(made(founding, { signOn: 'none' }).signOn, null)
  })
  it('puts what jobs run on a shared file system for software, not among homes', () => {
    assert.equal(made(founding).agent.folder, '/shared/apps/batchway/agent')
    assert.equal(made(bare).agent.folder, '/opt/batchway/agent')
    const onlyHomes = { ...bare, mounts: 'filer:/home /home nfs4 rw 0 0\n' }
    assert.equal(made(onlyHomes).agent.folder, '/opt/batchway/agent')
    assert.equal(made(onlyHomes).homes.mount?.type, 'nfs4')
    assert.equal(made(bare, { prefix: '/opt/bw' }).agent.folder, '/opt/bw')
    assert.equal(made(founding, { prefix: '/shared/apps/bw' }).agent.folder, '/shared/apps/bw')
    assert.equal(made(founding, { prefix: '/opt/bw' }).agent.folder, '/shared/apps/batchway/agent')
  })
  it('opens the hub to other hosts only where there are any', () => {
    assert.equal(made(bare).internal, '127.0.0.1:8081')
    assert.deepEqual(
      [made(slurm).internal, made(slurm).internalUrl],
      ['0.0.0.0:8081', 'http://login1.example.edu:8081'],
    )
  })
  it('hands on the variables of the schedulers in use alone', () => {
    const host = { ...slurm, environment: { SLURM_CONF: '/opt/slurm.conf', SGE_ROOT: '/opt/sge' } }
    assert.deepEqual(made(host).environment, { SLURM_CONF: '/opt/slurm.conf' })
    assert.deepEqual(made(host, { schedulers: ['local'] }).environment, {})
  })
  it('says what to do without a Jupyter', () =>
    assert.throws(() => made({ ...bare, jupyter: [] }), /no Jupyter was found.*--jupyter FOLDER/))
  it('says that single sign-on needs a server', () =>
    assert.throws(
      () => made(bare, { signOn: 'openidc' }),
      /--sign-on openidc needs a front server: give --front apache/,
    ))
})

describe('choose, beside other gateways', () => {
  const first = neighbour(
    null,
    'stateDirectory: /var/lib/batchway\ninstance: aa\nlisten: ["127.0.0.1:8000"]\nhub: { internal: ["0.0.0.0:8081"] }\nurl: https://login1.example.edu/\n',
  )
  const physics = { instance: 'physics' }

  it('gives each folders, ports and letters of its own', () => {
    const one = made(slurm, physics, [first])
    assert.deepEqual(
      [one.places.configFile, one.places.stateDirectory, one.places.sudoers],
      ['/etc/batchway-physics/batchway.yaml', '/var/lib/batchway-physics', '/etc/sudoers.d/batchway-physics'],
    )
    assert.deepEqual([one.listen, one.internal], ['127.0.0.1:8001', '0.0.0.0:8082'])
    assert.notEqual(one.letters, 'aa')
    assert.notEqual(one.letters, made(slurm).letters)
    assert.notEqual(made({ ...slurm, hostName: 'login2' }, physics).letters, one.letters)
  })
  it('leaves ports alone at which something listens', () =>
    assert.equal(made(bare, {}, [], new Set([8_000, 8_001, 8_081])).listen, '127.0.0.1:8002'))
  it('keeps what an earlier run chose, whatever listens there: that is itself', () => {
    const own = neighbour(
      'physics',
      'stateDirectory: /srv/physics\ninstance: zz\nlisten: ["127.0.0.1:9000"]\nhub: { internal: ["0.0.0.0:9081"] }\nurl: https://hpc/physics/\n',
    )
    const again = made(slurm, physics, [first, own], new Set([9_000, 9_081]))
    assert.deepEqual(
      [again.listen, again.internal, again.letters, again.places.stateDirectory, again.url],
      ['127.0.0.1:9000', '0.0.0.0:9081', 'zz', '/srv/physics', 'https://hpc/physics/'],
    )
  })
  for (const [asked, words] of [
    [{ letters: 'aa' }, /has the letters "aa" in the names of its jobs: give others with --letters/],
    [
      { stateDirectory: '/var/lib/batchway/' },
      /keeps its state in \/var\/lib\/batchway\/: give another folder with --state/,
    ],
    [
      { port: 8_081 },
      /the gateway of \/etc\/batchway\/batchway\.yaml listens at 127\.0\.0\.1:8081: give another with --port/,
    ],
    [{ internalPort: 8_000 }, /listens at .*8000: give another with --port or --internal-port/],
    [
      { url: 'https://login1.example.edu/' },
      /has the address https:\/\/login1\.example\.edu\/: give another with --url/,
    ],
    [{ port: 8_500, internalPort: 8_500 }, /browsers and agents need two ports, not 8500 alone/],
  ] as const)
    it(`refuses ${JSON.stringify(asked)}, which is taken`, () => {
      assert.throws(() => made(slurm, { ...physics, ...asked }, [first]), words)
      // Nobody has it where there is no other gateway.
      if (!('internalPort' in asked && 'port' in asked)) made(slurm, { ...physics, ...asked })
    })
  it('refuses a port that another program has, if it was asked for', () => {
    assert.throws(
      () => made(bare, { port: 8_443 }, [], new Set([8_443])),
      /another program listens at port 8443: give a free one with --port/,
    )
    made(bare, { port: 8_443 })
  })
  it('tells all that collides at once', () =>
    assert.throws(
      () => made(slurm, { ...physics, letters: 'aa', port: 8_000 }, [first]),
      (error: Error) => error.message.split('\n').length === 2,
    ))
})
