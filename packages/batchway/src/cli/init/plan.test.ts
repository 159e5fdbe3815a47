import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { findUnits } from '../setup/unit-facts.ts'
import { askChoices } from './ask-choices.ts'
import { compareAll, writeFile } from './carry-out.ts'
import { type Asked, choose } from './choices.ts'
import { configText } from './config-text.ts'
import { nextSteps, stepsText } from './next-steps.ts'
import { plannedUnits, refusal } from './plan.ts'
import type { Recorded } from './recorded.ts'
import { bare, founding, nothingAsked, slurm } from './testing-hosts.ts'

const made = (host: Recorded, asked: Partial<Asked> = {}) => choose(host, { ...nothingAsked, ...asked }, [])
const unitsOf = (host: Recorded, asked: Partial<Asked> = {}, installed: string | null = null) => {
  const choices = made(host, asked)
  return plannedUnits(
    findUnits(configText(choices).config, {
      account: choices.account,
      configFile: choices.places.configFile,
      instance: choices.instance,
      environment: choices.environment,
      installed,
    }),
  )
}

describe('the planned units', () => {
  it('have names of their own for each gateway, and depend on none of another’s', () => {
    const names = (asked: Partial<Asked>): readonly string[] =>
      unitsOf(bare, asked).map(({ path }) => path.replace(/^.*\//, ''))
    const [plain, physics] = [names({}), names({ instance: 'physics' })]
    assert.deepEqual(plain, [
      'batchway-proxy.service',
      'batchway-hub.service',
      'batchway-local.service',
      'batchway-report.service',
      'batchway-report.timer',
      'batchway.target',
    ])
    assert.deepEqual(
      physics,
      plain.map((name) => name.replace('.', '@physics.')),
    )
    for (const { text } of unitsOf(bare, { instance: 'physics' }))
      for (const [name] of text.matchAll(/batchway(?:-\w+)?(?:@\w+)?\.(?:service|timer|target)/g))
        assert.match(name, /@physics\./)
  })
  it('name the link to the version in use, and the caller’s variables', () => {
    const host = { ...slurm, environment: { SLURM_CONF: '/opt/slurm.conf' } }
    const hub = unitsOf(host, {}, '/opt/batchway/current').find(({ path }) => path.endsWith('-hub.service'))?.text ?? ''
    assert.match(hub, /^ExecStart=\/opt\/batchway\/current\/bin\/batchway hub /m)
    assert.match(hub, /^Environment="SLURM_CONF=\/opt\/slurm\.conf"$/m)
  })
})

describe('what is there already', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-init-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string, text: string) => ({ path: join(folder, name), text, mode: 0o640, title: 'a file' })

  it('is left alone where it is as it should be, and refused where it is not', () => {
    writeFileSync(join(folder, 'same'), 'a\n')
    writeFileSync(join(folder, 'edited'), 'mine\n')
    const compared = compareAll([file('same', 'a\n'), file('edited', 'ours\n'), file('new', 'n\n')])
    assert.deepEqual(
      compared.map(({ state }) => state),
      ['same', 'differs', 'new'],
    )
    assert.match(
      refusal(compared, false) ?? '',
      /edited is there already, and not as init would write it: nothing was written\.\n.*--dry-run.*--force/s,
    )
    assert.equal(refusal(compared, true), null)
    assert.equal(
      refusal(
        compared.filter(({ state }) => state !== 'differs'),
        false,
      ),
      null,
    )
  })
  it('is kept beside what is written by force, whole and with the mode asked for', () => {
    const [edited] = compareAll([file('edited', 'ours\n')])
    assert.ok(edited)
    writeFile(edited)
    assert.equal(readFileSync(join(folder, 'edited'), 'utf8'), 'ours\n')
    assert.equal(readFileSync(join(folder, 'edited~'), 'utf8'), 'mine\n')
    assert.equal(statSync(join(folder, 'edited')).mode & 0o777, 0o640)
  })
  it('is not written through a link', () => {
    symlinkSync('/etc/hostname', join(folder, 'link'))
    const [link] = compareAll([file('link', 'x\n')])
    assert.ok(link)
    assert.throws(() => writeFile(link), /is a link: init does not write through it/)
  })
})

describe('nextSteps', () => {
  const facts = {
    program: '/opt/batchway/current/bin/batchway',
    isAgentInstalled: true,
    hasSystemd: true,
    members: ['alice'],
  }
  it('names each command whole', () => {
    const text = stepsText(nextSteps(made(founding, { instance: 'physics' }), facts))
    for (const command of [
      'runuser -u batchway -- /opt/batchway/current/bin/batchway doctor --config /etc/batchway-physics/batchway.yaml --as alice',
      'front-config apache --config /etc/batchway-physics/batchway.yaml --sign-on shibboleth',
      'systemctl enable --now batchway@physics.target',
      'link alice --config /etc/batchway-physics/batchway.yaml',
    ])
      assert.ok(text.includes(command), `${command}\n${text}`)
    assert.doesNotMatch(text, /agent install|usermod/)
  })
  it('says what is missing first', () => {
    const [first, second] = nextSteps(made(slurm), { ...facts, isAgentInstalled: false, members: [] })
    assert.match(first?.commands[0] ?? '', /agent install \/opt\/batchway\/agent/)
    assert.match(second?.commands[0] ?? '', /usermod --append --groups batchway-users NAME/)
    assert.match(stepsText(nextSteps(made(slurm), { ...facts, hasSystemd: false })), /batchway proxy --config/)
  })
})

describe('askChoices', () => {
  async function talk(host: Recorded, answers: readonly string[]) {
    const [asked, told]: [string[], string[]] = [[], []]
    const left = [...answers]
    const result = await askChoices(
      nothingAsked,
      (each) => choose(host, each, []),
      async (question) => {
        asked.push(question)
        return left.shift() ?? ''
      },
      (words) => told.push(words),
    )
    return { result, asked, told }
  }
  it('takes what was found, by Enter', async () => {
    const { result, asked, told } = await talk(founding, [])
    assert.deepEqual(result, nothingAsked)
    assert.deepEqual(told, [])
    assert.deepEqual(
      asked.map((question) => /\[(.*)\]: $/.exec(question)?.[1]),
      ['torque', 'apache', 'https://login1.example.edu/', '/shared/apps/batchway/agent', 'batchway-users', 'none'],
    )
  })
  it('asks again, with words, until it can be', async () => {
    const { result, told } = await talk(slurm, [
      'torque',
      'slurn',
      'local',
      'lighttpd',
      'nginx',
      'hpc',
      'https://hpc.example.edu/',
      'apps',
      '/apps/bw',
      '',
      'root user!',
      'ann, bob',
    ])
    assert.deepEqual(
      [result.schedulers, result.front, result.url, result.agent, result.admins],
      [['local'], 'nginx', 'https://hpc.example.edu/', '/apps/bw', ['ann', 'bob']],
    )
    for (const [index, words] of [
      /no commands of it answer/,
      /write some of slurm/,
      /write apache, nginx/,
      /full address/,
      /absolute path/,
      /names of users/,
    ].entries())
      assert.match(told[index] ?? '', words)
  })
})
