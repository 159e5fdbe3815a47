import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { webBench } from './testing/web-bench.ts'

describe('what would be submitted', () => {
  it('stands on the page of who checks without starting, as text alone', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const shown = await alice.post('/hub/spawn', {
      profile: 'lab',
      cores: '4',
      memory: '8',
      walltime: '4:00',
      _action: 'check',
    })
    const html = await shown.text()
    assert.match(html, /All values fit\. Nothing was started\./)
    assert.match(html, /\/usr\/bin\/sbatch --mem=8192M &#39;--it&#39;\\&#39;&#39;s=1&#39;/)
    assert.match(html, /&lt;b&gt;echo&lt;\/b&gt; &#34;SESSIONID&#34;/)
    const plain = await (await alice.get('/hub/spawn')).text()
    assert.doesNotMatch(plain, /id="preview"/)
    const wrong = await alice.post('/hub/spawn', { profile: 'lab', memory: '900', _action: 'check' })
    assert.doesNotMatch(await wrong.text(), /id="preview"/)
  })
})
