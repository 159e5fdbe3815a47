import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateNext } from './next-url.ts'

const origins = ['https://hub.example', 'http://localhost:8000']

// CVE-2019-10255, CVE-2026-33709 (JupyterHub): `//`, backslashes and tabs that a browser reads as another host.
describe('validateNext', () => {
  const accepted: readonly [next: string, base: string, want: string][] = [
    ['/hub/home', '/', '/hub/home'],
    ['/hub/home?a=1&b=%2F#top', '/', '/hub/home?a=1&b=%2F#top'],
    ['/user/alice/lab/tree/a%20b.ipynb', '/', '/user/alice/lab/tree/a%20b.ipynb'],
    ['/user/alice//files', '/', '/user/alice//files'],
    ['/jupyter/hub/home', '/jupyter/', '/jupyter/hub/home'],
    ['/jupyter/x/../hub/home', '/jupyter/', '/jupyter/hub/home'],
    ['https://hub.example/hub/home?x=1', '/', '/hub/home?x=1'],
    ['HTTPS://HUB.example/hub/home', '/', '/hub/home'],
    ['http://localhost:8000/user/alice/lab', '/', '/user/alice/lab'],
    ['/hub/login?next=https://evil.example/', '/', '/hub/login?next=https://evil.example/'],
    ['/hub/x?path=a%5Cb', '/', '/hub/x?path=a%5Cb'],
    [
      '/hub/api/oauth2/authorize?client_id=jupyterhub-user-a&state=eyJ1IjoxfQ%3D%3D',
      '/',
      '/hub/api/oauth2/authorize?client_id=jupyterhub-user-a&state=eyJ1IjoxfQ%3D%3D',
    ],
  ]
  for (const [next, base, want] of accepted)
    it(`accepts ${next} below ${base}`, () => assert.equal(validateNext(next, base, origins), want))

  const refused: readonly [next: string | null | undefined, base?: string][] = [
    [null],
    [undefined],
    [''],
    ['home'],
    ['../home'],
    ['?next'],
    ['#x'],
    ['//evil.example'],
    ['///evil.example'],
    ['////evil.example/hub'],
    ['/\\evil.example'],
    ['\\\\evil.example'],
    ['\\/evil.example'],
    ['/%5Cevil.example'],
    ['/%5c%5cevil.example/'],
    ['/hub\\..\\evil'],
    ['/\t/evil.example'],
    ['/\n/evil.example'],
    ['/\r\nSet-Cookie: a=b'],
    [' /hub/home'],
    ['/hub/home\u0000'],
    ['\u0001//evil.example'],
    ['/.//evil.example'],
    ['/x/..//evil.example'],
    ['/%2e//evil.example'],
    ['http://evil.example/hub/home'],
    ['https://evil.example'],
    ['https:evil.example'],
    ['https:/evil.example'],
    ['https:///evil.example'],
    ['https://hub.example.evil.example/'],
    ['https://hub.example@evil.example/'],
    ['https://evil.example@hub.example/'],
    ['https://hub.example:444/'],
    ['http://hub.example/'],
    ['https://hub.example//evil.example'],
    ['https://hub.example/\\evil.example'],
    ['https://hub.example/.//evil.example'],
    ['javascript:alert(1)'],
    ['JaVaScRiPt:alert(1)//hub.example/'],
    ['data:text/html,x'],
    ['file:///etc/passwd'],
    ['ftp://hub.example/'],
    ['/hub/home', '/jupyter/'],
    ['/jupyterx/hub', '/jupyter/'],
    ['/jupyter/../hub/home', '/jupyter/'],
    ['/jupyter/%2e%2e/hub/home', '/jupyter/'],
    ['/jupyter', '/jupyter/'],
    [`/${'a'.repeat(9000)}`],
  ]
  for (const [next, base = '/'] of refused)
    it(`refuses ${JSON.stringify(next)?.slice(0, 60)} below ${base}`, () =>
      assert.equal(validateNext(next, base, origins), null))
})
