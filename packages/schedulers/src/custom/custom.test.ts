import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Driver, type JobRequest, type KnownJob, type Output, SchedulerError, toJobId } from '../driver.ts'
import { recorded } from '../torque/testing-recorded.ts'
import { parseCommand } from './command-line.ts'
import { custom } from './custom.ts'
import { expand, find, parseExpression, templateProblem } from './expressions.ts'
import { furtherExpressions, torqueSpawner } from './testing-talk.ts'

const talk = torqueSpawner('/opt/torque/bin')
const made = (change: object = {}): Driver => {
  const site = custom.settings.parse({ ...talk, ...change })
  const driver = custom.configured?.(site)
  assert.ok(driver)
  return driver
}
const problems = (change: object): string[] => {
  const result = custom.settings.safeParse({ ...talk, ...change })
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}
const job: JobRequest<object> = {
  name: 'bw-1',
  account: 'alice',
  script: '#!/bin/sh\n{\nexec agent\n}\n',
  resources: { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 28_800 },
  workdir: '/home/alice',
  outputPath: '/dev/null',
  requeue: false,
  options: { queue: 'small', host: 'labhost.xyz.edu' },
}
const known: KnownJob = { id: toJobId('1.pbs1'), name: 'bw-1', account: 'alice' }
const said = (stdout: string, exitCode = 0, stderr = ''): Output => ({ exitCode, stdout, stderr })

describe('a custom cluster that is the talk’s TorqueSpawner', () => {
  it('submits the script with its directives, and the session at its end', () => {
    const { file, args, stdin, as } = made().submit(job, {})
    assert.deepEqual([file, args, as], ['/opt/torque/bin/qsub', [], 'owner'])
    assert.match(
      stdin ?? '',
      /^#!\/bin\/sh\n#PBS -q small@labhost\.xyz\.edu\n#PBS -N bw-1\n#PBS -l walltime=08:00:00,nodes=1:ppn=2,mem=4096mb\n/,
    )
    assert.ok(stdin?.endsWith(job.script))
  })
  it('asks for one job, as its owner, and ends it', () => {
    const driver = made()
    assert.deepEqual(driver.query?.command(known, {}), {
      file: '/opt/torque/bin/qstat',
      args: ['-x', '1.pbs1'],
      as: 'owner',
    })
    assert.deepEqual(driver.cancel(known.id, {}), { file: '/opt/torque/bin/qdel', args: ['1.pbs1'], as: 'owner' })
  })
  const answers: readonly (readonly [file: string, phase: string, host?: string])[] = [
    ['qstat-x-running', 'running', 'pbs1'],
    ['qstat-x-held', 'pending'],
    ['qstat-x-waiting', 'unknown'],
    ['qstat-x-completed', 'unknown'],
    ['qstat-empty-queue', 'unknown'],
  ]
  for (const [file, phase, host] of answers)
    it(`reads ${file} as ${phase}`, () => {
      const status = made().query?.parse(recorded(file), known)
      assert.deepEqual([status?.phase, status?.host, status?.end], [phase, host, undefined])
    })
  it('knows that a job is gone when the scheduler says so, and only then', () => {
    const parse = (output: Output) => made().query?.parse(output, known)
    assert.equal(parse(recorded('qstat-unknown')), null)
    for (const output of [
      recorded('qstat-server-down'),
      recorded('qstat-server-hung'),
      said('', 1, 'qstat: command not found'),
      said('', 1, 'Serveur inconnu'),
      said('', 153, 'qstat: Unknown Job Id 1.pbs1\nqstat: cannot connect to server pbs1\n'),
    ])
      assert.throws(() => parse(output), { name: 'SchedulerError', kind: 'unavailable' })
    assert.equal(parse(said('qstat: Unknown Job Id'))?.phase, 'unknown') // and exit status 0
  })
  it('reads the answers of its cancel command', () => {
    const { parseCancel } = made()
    assert.equal(parseCancel(recorded('qdel-running')), true)
    assert.equal(parseCancel(recorded('qdel-unknown')), false)
    assert.equal(parseCancel(recorded('qdel-completed')), false)
    assert.throws(() => parseCancel(recorded('qdel-other-user')), { kind: 'refused' })
    assert.throws(() => parseCancel(recorded('qsub-server-down')), { kind: 'ambiguous' })
  })
  it('reads the answers of its submit command', () => {
    const { parseSubmit } = made()
    assert.equal(parseSubmit(recorded('qsub-ok')), '1.pbs1')
    assert.equal(made({ jobId: 'Submitted batch job (\\d+)' }).parseSubmit(said('Submitted batch job 12 on x\n')), '12')
    assert.throws(() => parseSubmit(recorded('qsub-badqueue')), { kind: 'refused' })
    assert.throws(() => parseSubmit(recorded('qsub-server-down')), { kind: 'ambiguous' })
    assert.throws(() => parseSubmit(said('queued, thank you\n')), { kind: 'ambiguous' })
    assert.throws(() => parseSubmit(said('-x\n')), { kind: 'ambiguous' })
  })
  it('tells more with more expressions', () => {
    const parse = (file: string) => made(furtherExpressions).query?.parse(recorded(file), known)
    assert.equal(parse('qstat-x-held')?.phase, 'held')
    assert.deepEqual(parse('qstat-x-completed')?.end, { kind: 'cancelled' })
    assert.equal(parse('qstat-x-running')?.name, 'bw-01jk2m3n')
    const failed = said(recorded('qstat-x-completed').stdout.replace('>271<', '>7<'))
    assert.equal(made(furtherExpressions).query?.parse(failed, known)?.end?.exitCode, 7)
  })
  it('believes nothing of a text in which a living and an ended job stand', () => {
    const both = said(recorded('qstat-x-completed').stdout + recorded('qstat-x-running').stdout)
    assert.equal(made(furtherExpressions).query?.parse(both, known)?.phase, 'running')
  })
  it('that says "unknown" says nothing of the job', () => {
    const driver = made({ ...furtherExpressions, unknown: 'Socket timed out' })
    assert.equal(driver.query?.parse(said('Socket timed out <exit_status>0</exit_status>'), known)?.phase, 'unknown')
    assert.throws(() => driver.parseCancel(said('', 1, 'Socket timed out; no such job')), { kind: 'ambiguous' })
  })
})

describe('the name under which a node is reached', () => {
  const running = said('<job_state>R</job_state><exec_host>cn0012/3</exec_host>')
  const at = (change: object, options?: object) => made(change).query?.parse(running, { ...known, options })
  it('is made of what the expression found', () => {
    const template = 'int-\\1.mesabi.xyz.edu'
    const status = at({ execHostTemplate: template })
    assert.deepEqual([status?.host, status?.address], ['cn0012', 'int-cn0012.mesabi.xyz.edu'])
    assert.equal(at({ execHostTemplate: 'n\\g<1>0' })?.address, 'ncn00120')
    assert.equal(at({})?.address, undefined)
  })
  it("is the node’s own again where a profile says ''", () => {
    const template = { execHostTemplate: 'int-\\1' }
    assert.equal(at(template, { execHostTemplate: '' })?.address, undefined)
    assert.equal(at(template, { execHostTemplate: 'x-\\1' })?.address, 'x-cn0012')
    assert.equal(at(template, {})?.address, 'int-cn0012')
  })
  it('is refused when the cluster is read, if it cannot be one', () => {
    assert.match(problems({ execHostTemplate: 'int-\\2' })[0] ?? '', /names the group \\2, but execHost has 1/)
    assert.match(problems({ execHostTemplate: 'int-{host}' })[0] ?? '', /names groups as \\1/)
    assert.match(problems({ execHostTemplate: 'int \\1' })[0] ?? '', /does not make the name of a host/)
    assert.equal(made().jobOptions.safeParse({ ...job.options, execHostTemplate: '\\3' }).success, false)
    assert.equal(expand('\\g<0>', ['a', 'b']), 'a')
    assert.equal(templateProblem('\\1', 1), null)
  })
})

describe('settings of a custom cluster that are wrong say what to write', () => {
  const cases: readonly (readonly [change: object, words: RegExp])[] = [
    [
      { submit: 'sudo -E -u {username} qsub' },
      /^submit begins with sudo: write "transport: sudo" at the cluster, and here "qsub"$/,
    ],
    [{ query: 'ssh login1 qstat -x {job_id}' }, /^query begins with ssh: write "transport: ssh"/],
    [{ query: 'qstat -x {job_id} | grep state' }, /^query holds "\|": no shell reads it/],
    [{ cancel: 'qdel $(cat x)' }, /^cancel holds "\$": no shell reads it/],
    [{ cancel: 'qdel' }, /^cancel names no job: write \{job_id\}/],
    [{ cancel: 'qdel {jobid}' }, /\{jobid\} is no variable here: there are \{job_id\}/],
    [{ submit: '{cmd}' }, /^submit (?:begins|does not begin)/],
    [{ script: '#!/bin/sh\n#PBS -q {queu}\n{cmd}\n' }, /^script \{queu\} is no variable here: there are .*\{queue\}/],
    [{ script: '#!/bin/sh\n#PBS -v {keepvars}\n{cmd}\n' }, /nothing of the hub’s environment goes into a job/],
    [{ script: '#!/bin/sh\n{% if queue %}\n{cmd}\n' }, /is not a Jinja template: write \{name\}/],
    [{ script: '#!/bin/sh\n#PBS -q {queue}\n' }, /^script must hold \{cmd\} once/],
    [{ script: '#!/bin/sh\nnice {cmd}\n' }, /^script must hold \{cmd\} once, on a line of its own/],
    [{ script: '#!/bin/sh\n{cmd}\nrm -r /tmp/x\n' }, /has lines after \{cmd\}, which would never run: "rm -r/],
    [{ script: '#PBS -q x\n{cmd}\n' }, /does not begin with a line such as #!\/bin\/sh/],
    [{ script: '#!/bin/sh\nf() { :; }\n{cmd}\n' }, /write \{\{ and \}\} for braces/],
    [{ pending: '<job_state>[QH' }, /^pending is no regular expression/],
    [{ running: 'state = R\\Z' }, /^running holds \\Z, which means nothing here: write \$/],
    [{ running: 'R*' }, /^running matches a text that says nothing/],
    [{ execHost: 'exec_host = \\w+' }, /^execHost has no group: put \(…\)/],
    [{ record: '<Job>.*?</Job>' }, /^record is for a query of all jobs/],
    [{ query: 'qstat -x' }, /^name is needed where the query tells of all jobs/],
    [{ batch_submit_cmd: 'qsub' }, /^ batch_submit_cmd is called otherwise here: write submit$/],
    [{ defaults: { queue: '-W x' } }, /^defaults.queue write letters, digits/],
  ]
  for (const [change, words] of cases)
    it(JSON.stringify(change), () => assert.match(problems(change).join('\n'), new RegExp(words.source, 'm')))
  it('and right ones nothing', () => assert.deepEqual(problems({}), []))
  it('a profile without what the script needs, too', () => {
    const wanted = made().jobOptions.safeParse({ queue: 'small' })
    assert.match(
      wanted.error?.issues[0]?.message ?? '',
      /the script of the cluster uses \{host\}: write it here, or under "defaults"/,
    )
    assert.equal(made({ defaults: { host: 'h' } }).jobOptions.safeParse({ queue: 'small' }).success, true)
  })
})

describe('the script and the commands', () => {
  it('leave out a line, or an argument, whose optional variable is absent', () => {
    const driver = made({
      script: '#!/bin/sh\n#PBS -q {queue?}\n#PBS -A {account?}\necho $' + '{HOME} {{x}}\n{cmd}\n',
      submit: ['qsub', '--qos={qos?}', '-z'],
    })
    const { args, stdin } = driver.submit({ ...job, options: { account: 'physics' } }, {})
    assert.deepEqual(args, ['-z'])
    assert.equal(stdin, `#!/bin/sh\n#PBS -A physics\necho \${HOME} {x}\n${job.script}`)
  })
  it('are split as people expect, and read by no shell', () => {
    const parsed = parseCommand(`qsub -W 'a b' "c d"e {queue}`, ['queue'])
    assert.ok(!('problem' in parsed))
    assert.deepEqual(
      parsed.args.map((arg) => arg.map((part) => (typeof part === 'string' ? part : `<${part.name}>`)).join('')),
      ['-W', 'a b', 'c de', '<queue>'],
    )
  })

  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom(
      '$(id)',
      '`id`',
      'a;id',
      'a\n#PBS -l x',
      'a b',
      '-W',
      '--',
      "a'b",
      '{cmd}',
      '$' + '{HOME}',
      '*',
      'a|b',
      '>x',
      '\\',
      'a#b',
      '!!',
      '~',
      '',
    ),
    fc.stringMatching(/^[\w.@+:=,/%-]{1,20}$/),
  )
  for (const field of ['queue', 'host', 'account', 'partition', 'qos', 'reservation'])
    it(`interpret no character of {${field}}: 500 hostile texts`, () => {
      const driver = made({
        script: `#!/bin/sh\n#PBS -x {${field}}\n: {${field}}\n{cmd}\n`,
        submit: ['qsub', '-x', `{${field}}`, `--x={${field}}`],
      })
      let taken = 0
      fc.assert(
        fc.property(hostile, (text) => {
          const chosen = driver.jobOptions.safeParse({ [field]: text })
          if (!chosen.success) return
          taken += 1
          const { args, stdin } = driver.submit({ ...job, options: chosen.data }, {})
          assert.deepEqual(args, ['-x', text, `--x=${text}`])
          assert.ok(!text.startsWith('-'))
          assert.equal(stdin, `#!/bin/sh\n#PBS -x ${text}\n: ${text}\n${job.script}`)
          assert.match(text, /^[\w./][\w.@+:=,/%-]*$/)
        }),
        { numRuns: 500 },
      )
      assert.ok(taken > 20, `${taken} texts were taken`)
    })
  it('what they let through reaches a real shell as it is; what they do not would not', () => {
    const echo = (text: string): string =>
      execFileSync('/bin/sh', ['-c', `set -- ${text}\nprintf '%s|' "$@"`], { encoding: 'utf8' })
    const texts = fc.sample(fc.stringMatching(/^[A-Za-z0-9_/][\w.@+:=,/%-]{0,20}$/), 40)
    for (const text of texts) assert.equal(echo(text), `${text}|`)
    assert.notEqual(echo('$(echo x)'), '$(echo x)|') // the positive control
  })
  for (const field of ['workdir', 'outputPath'] as const)
    it(`refuse a ${field} that a script would read as something else`, () => {
      const driver = made({ script: '#!/bin/sh\n#PBS -d {workdir} -o {output}\n{cmd}\n' })
      for (const path of ['/home/a b', '/home/$(id)', '/home/a;b', '/home/`x`', "/home/'"])
        assert.throws(() => driver.submit({ ...job, [field]: path }, {}), { kind: 'refused' })
    })
  it('take no id that a command could read as an option', () => {
    for (const id of ['-x', '--help', '$x', '(1)']) assert.throws(() => made().cancel(toJobId(id), {}), SchedulerError)
  })
})

describe('a query of all jobs', () => {
  const list = {
    query: 'qstat -x',
    record: '<Job>.*?</Job>',
    jobId: '(?m)(?:<Job_Id>|^)(\\d+(?:\\[\\])?\\.[\\w.]+)(?:</Job_Id>|$)',
    complete: '</Data>',
    ...furtherExpressions,
  }
  it('is one call, as the hub, that tells of everybody’s', () => {
    const driver = made(list)
    assert.equal(driver.query, undefined)
    assert.deepEqual(driver.list({}), { file: 'qstat', args: ['-x'], as: 'hub' })
    const { complete, jobs } = driver.parseList(recorded('qstat-x-ended'))
    assert.equal(complete, true)
    assert.equal(jobs.length, 9)
    assert.deepEqual(
      jobs.map(({ phase }) => phase).join(' '),
      'ended ended held unknown pending running pending ended ended',
    )
    assert.equal(driver.parseSubmit(recorded('qsub-ok')), '1.pbs1')
  })
  it('that is cut off is not complete, and ends nobody who lives', () => {
    const driver = made(list)
    const { stdout } = recorded('qstat-x-ended')
    const alive = driver.parseList(said(stdout)).jobs.flatMap(({ id, phase }) => (phase === 'ended' ? [] : [id]))
    for (let length = 0; length < stdout.length - 8; length += 501) {
      const { complete, jobs } = driver.parseList(said(stdout.slice(0, length)))
      assert.equal(complete, false)
      for (const { id, phase } of jobs) if (alive.includes(id)) assert.notEqual(phase, 'ended')
    }
    assert.throws(() => driver.parseList(recorded('qstat-server-down')), { kind: 'unavailable' })
  })
  it('is a line for each job where nothing else is said, and whole where its last line is', () => {
    const lines = { query: 'jobs', jobId: '^(\\S+) ', name: ' n=(\\S+)', ended: 'over', running: 'runs' }
    const read = (text: string, exitCode = 0, stderr = '') => {
      const { complete, jobs } = made(lines).parseList(said(text, exitCode, stderr))
      return [complete, ...jobs.map(({ id, name, phase }) => `${id} ${name} ${phase}`)]
    }
    assert.deepEqual(read(''), [true])
    assert.deepEqual(read('7 n=a runs\n\n8 n=b over\n'), [true, '7 a running', '8 b ended'])
    assert.deepEqual(read('7 n=a runs\n8 n=b over'), [false, '7 a running', '8 b ended'])
    for (const odd of ['-x n=b over', '8 over', 'n=b', '$x n=b over'])
      assert.deepEqual(read(`7 n=a runs\n${odd}\n`), [false, '7 a running'], odd)
    for (const [exitCode, stderr] of [
      [1, ''],
      [0, 'Connection refused'],
    ] as const)
      assert.throws(() => read('7 n=a runs\n', exitCode, stderr), { kind: 'unavailable' })
  })
  it('in which an id stands twice with different words says nothing of it', () => {
    const one = recorded('qstat-x-running').stdout
    const two = one.replace('<job_state>R', '<exit_status>0</exit_status><job_state>C')
    const { complete, jobs } = made(list).parseList(said(one + two))
    assert.deepEqual([complete, jobs[0]?.phase, jobs[0]?.end], [false, 'unknown', undefined])
  })
})

describe('expressions', () => {
  it('as Python writes them', () => {
    const pattern = parseExpression('(?i)(?P<host>node\\d+)')
    assert.ok(pattern instanceof RegExp)
    assert.equal(find(pattern, 'x NODE7 y')?.[1], 'NODE7')
  })
  it('that would run for ever are stopped, and then nothing is known', () => {
    // The talk's own, on a name of a host that was cut off before its slot.
    const cut = `<job_state>R</job_state><exec_host>${'a'.repeat(40)}`
    assert.throws(() => made().query?.parse(said(cut), known), { name: 'SchedulerError', kind: 'unreadable' })
  })
  it('any answer is read, or refused in one way', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.constantFrom(0, 1, 153),
        fc.string({ maxLength: 20 }),
        (out, code, err) => {
          const driver = made(furtherExpressions)
          for (const read of [
            () => driver.query?.parse(said(out, code, err), known),
            () => driver.parseSubmit(said(out, code, err)),
            () => driver.parseCancel(said(out, code, err)),
          ])
            try {
              read()
            } catch (error) {
              assert.ok(error instanceof SchedulerError)
            }
        },
      ),
    ))
})
