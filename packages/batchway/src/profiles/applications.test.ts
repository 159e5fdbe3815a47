import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainJupyterArguments, toApplication } from './applications.ts'

describe('a plain Jupyter behind the agent', () => {
  const jupyter = toApplication('jupyter', {
    kind: 'jupyter',
    environment: {},
    directory: '~',
    modules: [],
    prologue: '',
  })

  it('gets its token by the environment: a command line is public', () => {
    assert.equal(jupyter.environment.JUPYTER_TOKEN, '{app_token}')
    assert.doesNotMatch(jupyter.argv.join(' '), /token\}/)
  })

  it('is told of a hub, so that JupyterLab does not write that token into the addresses of its WebSockets', () => {
    const [settings] = jupyter.argv.filter((word) => word.includes('tornado_settings'))
    assert.match(settings ?? '', /'hub_prefix': '\{hub_prefix\}'/)
  })

  it('listens on loopback only, whatever it is called', () => {
    for (const app of ['ServerApp', 'NotebookApp'] as const)
      assert.ok(plainJupyterArguments(app).includes(`--${app}.ip=127.0.0.1`))
  })
})
