import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isForeignWorker, isFromNeighbour } from './neighbours.ts'

describe('isForeignWorker', () => {
  const asks = (url: string, route: string | null, header: readonly string[] = ['Service-Worker', 'script']) =>
    isForeignWorker({ raw: header, url }, route)

  it('refuses a script whose folder belongs to more than the application', () => {
    assert.equal(asks('/user/alice', '/user/alice'), true)
    assert.equal(asks('/user/alice?x=/y/', '/user/alice'), true)
    assert.equal(asks('/jupyter/user/alice/lab', '/jupyter/user/alice/lab'), true)
    assert.equal(asks('/hub/static/app.js', null), true)
    assert.equal(asks('/hub/static/app.js', null, ['service-worker', ' SCRIPT ']), true)
  })
  it('takes one from inside, and every other request', () => {
    assert.equal(asks('/user/alice/', '/user/alice'), false)
    assert.equal(asks('/user/alice/sw.js', '/user/alice'), false)
    assert.equal(asks('/sw.js', '/'), false)
    assert.equal(asks('/user/alice', '/user/alice', []), false)
    assert.equal(asks('/hub/home', null, ['Sec-Fetch-Dest', 'document']), false)
  })
})

describe('isFromNeighbour', () => {
  const host = 'hub.example.edu:8443'
  const route = { target: 'http://127.0.0.1:1', user: 'alice', server_name: '' }
  const same = { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }
  const asks = (path: string, referer: string | null, headers: object = same, of: object = route, at = host) =>
    isFromNeighbour(
      { raw: Object.entries({ ...headers, ...(referer !== null && { Referer: referer }) }).flat(), host: at },
      path,
      { ...route, ...of },
    )

  it('refuses what a page of another user’s application asks for', () => {
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/user/bob/lab'), true)
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/user/bob'), true)
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/us%65r/alicex/lab'), true)
    assert.equal(asks('/a/user/alice', 'https://hub.example.edu:8443/a/user/bob/'), true)
    const lab = { server_name: 'lab' }
    assert.equal(asks('/user/alice/lab', 'https://hub.example.edu:8443/user/bob/lab/', same, lab), true)
    const frame = { ...same, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/user/bob/lab', frame), true)
    assert.equal(asks('/user/alice', 'https://h.example/user/bob/', same, route, 'h.example:443'), true)
  })
  it('takes what belongs together, what people open, and what nobody can tell', () => {
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/user/alice/lab/tree'), false)
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/user/%61lice/lab'), false)
    const lab = { server_name: 'alice' }
    assert.equal(asks('/user/alice/alice', 'https://hub.example.edu:8443/user/alice/other/', same, lab), false)
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/hub/home'), false)
    assert.equal(asks('/user/alice', 'https://elsewhere.example/user/bob/'), false)
    assert.equal(asks('/user/alice', 'not an address'), false)
    assert.equal(asks('/user/alice', null), false)
    const visit = { ...same, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/user/bob/lab', visit), false)
    assert.equal(asks('/user/alice', 'https://hub.example.edu:8443/user/bob/lab', {}), false)
    assert.equal(asks('/services/x', 'https://hub.example.edu:8443/user/bob/', same, { user: undefined }), false)
  })
})
