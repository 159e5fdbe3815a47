import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findReport, type JobReport, parseJobReport } from './job-report.ts'
import { type HubAddressFacts, judgeHubAddress } from './judge-hub-address.ts'
import { judgeApplications, judgeEnvironment, judgeHome, judgeLog, judgeRuntime } from './judge-node.ts'

const text = `batchway-doctor=1
clock=1795000000
host=n1
user=alice
home=/home/alice
home-state=ok
machine=x86_64
libc=glibc 2.36
agent=1
runtime-starts=1
runtime=v24.21.0
proxies=
hub.by=node
hub.address=10.0.0.1
hub.status=200
hub.version=0.1.0
hub.site=k3fzzzzzz
app.lab=ok /usr/bin/jupyter-lab
complete=1
`
const report = (change: Partial<JobReport> = {}): JobReport => {
  const parsed = parseJobReport(text)
  assert.ok(parsed)
  return { ...parsed, ...change }
}

describe('parseJobReport', () => {
  it('reads a whole report', () => {
    const { clock, isComplete, hub, applications, proxies } = report()
    assert.deepEqual([clock, isComplete, proxies], [1_795_000_000, true, []])
    assert.deepEqual(hub, {
      by: 'node',
      status: 200,
      version: '0.1.0',
      site: 'k3fzzzzzz',
      error: null,
      address: '10.0.0.1',
    })
    assert.deepEqual([...applications], [['lab', 'ok /usr/bin/jupyter-lab']])
  })
  it('refuses what is none, and takes what is missing for unknown', () => {
    assert.equal(parseJobReport('host=n1\n'), null)
    assert.equal(parseJobReport('batchway-doctor=1\nclock=12x\n')?.clock, null)
    assert.equal(parseJobReport('batchway-doctor=1\nhome-state=odd\n')?.homeState, 'not-writable')
  })
  it('is found in a comment or a log, the last one first', () => {
    const coded = (lines: string) => `batchway-doctor:${Buffer.from(lines).toString('base64')}`
    const log = `motd\n${coded('batchway-doctor=1\nhost=a\n')}\nwords\n${coded('batchway-doctor=1\nhost=b\n')}\n`
    assert.equal(findReport(log)?.host, 'b')
    assert.equal(findReport('(null)'), null)
  })
})

describe('judgeHome', () => {
  const facts = { account: 'alice', expected: '/home/alice', byRule: false, logFailed: false, report: report() }
  it('is well where it is as the hub believes', () => assert.equal(judgeHome(facts).status, 'ok'))
  for (const [homeState, words] of [
    ['missing', /is not there/],
    ['full', /is full/],
    ['read-only', /is read-only/],
    ['not-writable', /cannot be written/],
  ] as const)
    it(`tells ${homeState}`, () => {
      const verdict = judgeHome({ ...facts, report: report({ homeState }) })
      assert.equal(verdict.status, 'problem')
      assert.match(verdict.words, words)
    })
  it('tells a home elsewhere, and how to say where', () => {
    const elsewhere = { ...facts, report: report({ home: '/users/alice' }) }
    assert.match(judgeHome(elsewhere).words, /\/users\/alice, on n1 is not where the hub believes it: \/home\/alice/)
    assert.match(judgeHome({ ...elsewhere, byRule: true }).remedy.join(), /Change the rule/)
    assert.equal(judgeHome({ ...elsewhere, logFailed: true }).status, 'problem')
  })
  it('tells a lost log even where nobody came back', () => {
    assert.equal(judgeHome({ ...facts, logFailed: true, report: null }).status, 'problem')
    assert.equal(judgeHome({ ...facts, report: null }).status, 'skipped')
  })
})

describe('judgeLog', () => {
  it('is well whether or not the hub can read it', () => {
    for (const log of ['readable', 'hidden'] as const) assert.equal(judgeLog({ log, report: null }).status, 'ok')
    assert.equal(judgeLog({ log: null, report: null }).status, 'skipped')
  })
})

describe('judgeRuntime', () => {
  const judged = (change: Partial<JobReport>) =>
    judgeRuntime({ agent: { directory: '/agent/1', node: '/agent/1/node' }, report: report(change) })
  const broken = (words: string) => judged({ runtime: { starts: false, words } })
  it('is well where both are there', () => assert.equal(judged({}).status, 'ok'))
  it('does not judge what is not installed yet', () =>
    assert.equal(judgeRuntime({ agent: null, report: report({ seesAgent: false }) }).status, 'skipped'))
  it('tells a folder that the node does not see', () =>
    assert.match(judged({ seesAgent: false }).words, /n1 does not see the agent in \/agent\/1/))
  for (const [words, told] of [
    ["node: /lib64/libc.so.6: version `GLIBC_2.28' not found", /needs glibc 2\.28, the node has glibc 2\.36/],
    ['/agent/1/node: Permission denied', /may not start/],
    ['cannot execute binary file: Exec format error', /not for the processor of n1 \(x86_64\)/],
    ['Killed', /does not start on n1: Killed/],
  ] as const)
    it(`tells ${words}`, () => assert.match(broken(words).words, told))
})

describe('judgeHubAddress', () => {
  const facts = (hub: Partial<JobReport['hub']>, more: Partial<HubAddressFacts> = {}): HubAddressFacts => ({
    url: 'http://login1:8081/hub/api',
    setBy: 'hub.internalUrl',
    listens: ['0.0.0.0:8081'],
    version: '0.1.0',
    site: 'k3fzzzzzz',
    byStandIn: false,
    refused: [],
    report: report({
      hub: { by: 'node', status: null, version: null, site: null, error: null, address: '10.0.0.1', ...hub },
    }),
    ...more,
  })
  it('says which address was tried, and from where', () => {
    const verdict = judgeHubAddress(facts({ status: 200, version: '0.1.0', site: 'k3fzzzzzz' }))
    assert.deepEqual(
      [verdict.status, verdict.words],
      ['ok', 'http://login1:8081/hub/api (10.0.0.1) from n1: the hub answers'],
    )
  })
  for (const [hub, words, remedy] of [
    [{ error: 'ENOTFOUND', address: null }, /login1:8081\/hub\/api from n1: the name is not known/, /hub\.internalUrl/],
    [{ error: 'ECONNREFUSED' }, /nobody listens there/, /hub listens at 0\.0\.0\.0:8081/],
    [{ error: 'ETIMEDOUT' }, /a firewall drops/, /port 8081/],
    [{ error: 'EHOSTUNREACH' }, /no way to that address/, /hub\.internalUrl/],
    [{ error: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, /certificate/, /http:\/\//],
    [{ error: 'ERR_ODD' }, /no answer \[ERR_ODD\]/, /^$/],
    [{ by: 'bash', error: 'bash: connect: Connection refused' }, /nobody listens there/, /hub\.internalUrl/],
    [{ by: 'bash', error: 'bash: login1: Name or service not known' }, /name is not known/, /hub\.internalUrl/],
    [{ status: 404, version: '0.1.0' }, /status 404: the path is not its own/, /only scheme, host and port/],
    [{ status: 404 }, /something else than this hub answers/, /host and port/],
    [{ status: 200 }, /something else than this hub answers/, /front server/],
    [
      { status: 200, version: '0.1.0', site: 'abczzzzzz' },
      /another gateway .*site abczzzzzz.*k3fzzzzzz/,
      /host and port/,
    ],
    [{ status: 200, version: '0.1.0' }, /another gateway .*site unknown/, /sent away/],
  ] as const)
    it(`tells ${JSON.stringify(hub)}`, () => {
      const verdict = judgeHubAddress(facts(hub))
      assert.equal(verdict.status, 'problem')
      assert.match(verdict.words, words)
      assert.match(verdict.remedy.join('\n'), remedy)
    })
  it('explains loopback on either side', () => {
    const refused = { error: 'ECONNREFUSED' }
    const listening = judgeHubAddress(facts(refused, { listens: ['127.0.0.1:8081'] }))
    assert.match(listening.remedy.join(), /That is loopback/)
    const asked = judgeHubAddress(facts(refused, { url: 'http://127.0.0.1:8081/hub/api' }))
    assert.match(asked.remedy.join(), /loopback address means the node itself/)
  })
  it('says why nobody could answer in the place of a hub that does not run', () => {
    const refused = [
      { address: '10.0.0.1:8081', code: 'EADDRINUSE' },
      { address: '[fd00::1]:8081', code: 'EADDRNOTAVAIL' },
    ]
    const verdict = judgeHubAddress(facts({ status: 200, version: '0.1.0', site: 'abczzzzzz' }, { refused }))
    assert.match(verdict.remedy[0] ?? '', /at 10\.0\.0\.1:8081: another program holds it \[EADDRINUSE\]/)
    assert.match(verdict.remedy[1] ?? '', /no such address/)
    const fine = judgeHubAddress(facts({ status: 200, version: '0.1.0', site: 'k3fzzzzzz' }, { refused }))
    assert.deepEqual([fine.status, fine.remedy], ['ok', []])
  })
  it('warns of another version, and where nothing could ask', () => {
    assert.equal(judgeHubAddress(facts({ status: 200, version: '0.0.9' })).status, 'warning')
    assert.equal(judgeHubAddress(facts({ by: 'none' })).status, 'warning')
  })
})

describe('judgeEnvironment', () => {
  const judged = (change: Partial<JobReport>, needsModules = false) =>
    judgeEnvironment({ report: report(change), needsModules, hubHost: 'login1' })
  it('misses the command module only where it is needed', () => {
    assert.equal(judged({})[0]?.status, 'ok')
    assert.equal(judged({}, true)[0]?.status, 'problem')
    assert.equal(judged({ hasModules: true }, true)[0]?.status, 'ok')
  })
  it('warns of proxies unless the hub is exempt', () => {
    assert.match(judged({ proxies: ['http_proxy'] })[0]?.remedy.join() ?? '', /no_proxy=login1/)
    assert.equal(judged({ proxies: ['http_proxy'], isHubExempt: true })[0]?.status, 'ok')
  })
})

describe('judgeApplications', () => {
  it('tells each by its own words', () => {
    const applications = new Map([
      ['lab', 'ok /usr/bin/jupyter-lab'],
      ['code', 'missing'],
      ['r', 'module R/4.3'],
      ['odd', 'prologue'],
      ['exits', ''],
    ])
    const verdicts = judgeApplications(['lab', 'code', 'r', 'odd', 'exits', 'gone'], report({ applications }))
    assert.deepEqual(
      verdicts.map(({ status, words }) => `${status}: ${words}`),
      [
        'ok: found on n1: lab (/usr/bin/jupyter-lab)',
        'problem: code: its command is not found on n1',
        'problem: r: the module R/4.3 does not load on n1',
        'problem: odd: its prologue fails on n1',
        'problem: exits: its prologue fails on n1',
        'skipped: gone was not looked at',
      ],
    )
  })
  it('takes one that never answered for one that hangs', () => {
    assert.match(
      judgeApplications(['lab'], report({ applications: new Map(), isComplete: false }))[0]?.words ?? '',
      /did not end in time/,
    )
  })
})
