/** Debian's promtool and a real Prometheus read the metrics. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openFigures, openMetrics } from './metrics.ts'

const hostile = 'file /var/log/"x"\\y\n{z}'

/** Everything that the hub counts, seen at least once. */
function openAll() {
  const metrics = openMetrics(openFigures(), {
    sessions: {
      subscribe: () => () => {},
      listActive: async () => [],
      clusterHealth: () => ({ lastAnswerAt: Date.now() - 4_000, failingSince: null, words: null }),
      schedulerStats: () => ({
        clusters: new Map([
          [
            'main',
            {
              calls: 9,
              failures: 2,
              answers: { complete: 6, incomplete: 1 },
              lastCallMs: 250,
              jobsListed: 40,
              lastAnswerAt: Date.now(),
            },
          ],
        ]),
        orphans: { found: 3, gone: 2, cancelsSent: 4, cancelsFailed: 1, foreign: 5 },
      }),
    },
    people: { countUsers: async () => 7, countUsersSince: async () => 3 },
    clusters: [{ key: 'main', title: 'Main cluster', driver: 'slurm' }],
    version: '0.1.0',
    eventSinks: () => [{ name: hostile, written: 10, dropped: 2, queued: 1, isUp: true }],
    now: Date.now,
    elapsed: () => performance.now(),
    every: () => () => {},
  })
  metrics.observeRequest({ method: 'GET', handler: 'api/users/{user}', status: 200, ms: 3 })
  metrics.started(1_200)
  const { timings } = metrics
  timings.statement(true, 0.4)
  timings.called({ cluster: 'main', kind: 'submit', isDone: true, ms: 400 })
  timings.proxy('add', true, 2)
  timings.adopted(3)
  timings.signIn(false, 10)
  return metrics
}

const promtool = (text: string) => spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })

async function until<T>(what: string, find: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + 120_000; Date.now() < end; await delay(200)) {
    const found = await find().catch(() => null) // it is not up yet
    if (found !== null) return found
  }
  return assert.fail(`${what} did not come`)
}

describe('the metrics', () => {
  it('are found good by promtool', async () => {
    using metrics = openAll()
    const text = await metrics.text()
    const { status, stdout, stderr } = promtool(text)
    assert.equal(status, 0, `${stdout}${stderr}`)
    // The control: it does look.
    assert.notEqual(promtool(`${text}\n# TYPE wrong_total gauge\nwrong_total 1\n`).status, 0)
  })

  it('are scraped by a real Prometheus', async () => {
    using metrics = openAll()
    const server = createServer(async (_, answer) => {
      answer.setHeader('Content-Type', metrics.contentType)
      answer.end(await metrics.text())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'))
    const file = join(folder, 'prometheus.yml')
    writeFileSync(
      file,
      `scrape_configs:\n  - job_name: batchway\n    scrape_interval: 1s\n    static_configs: [{ targets: ['${target}'] }]\n`,
    )
    const arguments_ = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${folder}/data`,
      '--web.listen-address=127.0.0.1:0',
    ]
    const prometheus = spawn('prometheus', arguments_, { stdio: ['ignore', 'ignore', 'pipe'] })
    let words = ''
    prometheus.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text
    })
    try {
      const address = await until(`its address (${words})`, async () => {
        return /msg="Listening on" address=(\S+)/.exec(words)?.[1] ?? null
      })
      const ask = async (
        query: string,
      ): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]> => {
        const url = `http://${address}/api/v1/query?query=${encodeURIComponent(query)}`
        const { data } = (await (await fetch(url)).json()) as { data: { result: [] } }
        return data.result
      }
      const [dropped] = await until('the first scrape', async () => {
        const found = await ask('batchway_events_dropped_total')
        return found.length > 0 ? found : null
      })
      assert.equal(dropped?.metric.sink, hostile)
      assert.equal(dropped?.value[1], '2')
      for (const name of [
        'jupyterhub_running_servers',
        'jupyterhub_request_duration_seconds_bucket',
        'batchway_database_statement_seconds_bucket',
        'batchway_scheduler_call_duration_seconds_sum',
        'batchway_scheduler_answer_age_seconds',
        'process_resident_memory_bytes',
      ])
        await until(name, async () => ((await ask(name)).length > 0 ? true : null))
      const [up] = await ask('up{job="batchway"}')
      assert.equal(up?.value[1], '1')
    } finally {
      const ended = once(prometheus, 'exit')
      prometheus.kill('SIGTERM')
      await ended
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
