import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type InstallFacts, manualWords, planJupyter } from './install-plan.ts'

const facts: InstallFacts = {
  isRoot: false,
  hasApt: true,
  hasPackage: () => true,
  python: 'venv',
  venv: '/home/a/venv',
}

describe('planJupyter', () => {
  it('takes JupyterLab from the archive as root', () =>
    assert.deepEqual(planJupyter({ ...facts, isRoot: true })?.steps, [
      ['apt-get', 'install', '--yes', '--no-install-recommends', 'jupyterlab', 'python3-ipykernel'],
    ]))
  it('takes the classic notebook where the release has no JupyterLab', () =>
    assert.deepEqual(planJupyter({ ...facts, isRoot: true, hasPackage: (name) => name !== 'jupyterlab' })?.steps, [
      ['apt-get', 'install', '--yes', '--no-install-recommends', 'jupyter-notebook', 'python3-ipykernel'],
    ]))
  it('knows no other package manager', () => assert.equal(planJupyter({ ...facts, isRoot: true, hasApt: false }), null))
  it('makes a virtual environment as a normal user', () =>
    assert.deepEqual(planJupyter(facts)?.steps, [
      ['python3', '-m', 'venv', '/home/a/venv'],
      ['/home/a/venv/bin/python', '-m', 'pip', 'install', '--disable-pip-version-check', 'jupyterlab'],
    ]))
  it('borrows the pip of the machine where environments get none of their own', () =>
    assert.deepEqual(
      planJupyter({ ...facts, python: 'pip' })?.steps.map((step) => step.slice(0, 6)),
      [
        ['python3', '-m', 'venv', '--without-pip', '/home/a/venv'],
        ['python3', '-m', 'pip', '--python', '/home/a/venv/bin/python', 'install'],
      ],
    ))
  for (const python of ['alone', 'none'] as const)
    it(`gives up as a normal user with Python: ${python}`, () => assert.equal(planJupyter({ ...facts, python }), null))
  it('never touches the system as a normal user', () => {
    for (const python of ['venv', 'pip', 'alone', 'none'] as const) {
      for (const hasApt of [true, false]) {
        const plan = planJupyter({ ...facts, python, hasApt })
        assert.notEqual(plan?.scope, 'system')
        assert.ok(!plan?.steps.flat().some((word) => /^(sudo|apt|apt-get|dnf|yum|zypper)$/.test(word)))
      }
    }
  })
})

describe('manualWords', () => {
  it('tells a user what to ask for', () =>
    assert.match(manualWords(false, true, 'none'), /no Python 3.*\n.*\n {2}sudo apt-get install jupyter-notebook/))
  it('tells a user which part of Python is missing', () =>
    assert.match(manualWords(false, true, 'alone'), /venv module/))
  it('tells root without sudo', () => assert.doesNotMatch(manualWords(true, true, 'none'), /sudo|Python 3 on this/))
  it('names no command of a package manager that is not there', () => {
    for (const isRoot of [true, false]) assert.doesNotMatch(manualWords(isRoot, false, 'none'), /apt/)
  })
})
