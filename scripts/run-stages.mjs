/** Brings up what stages need and runs them, in lanes beside each other; takes down in the end what it brought up. */
import { cpus } from 'node:os'
import process from 'node:process'
import { runFiles } from '../testbench/run-files.mjs'
import { runGates } from './check.mjs'
import { filesOf, lanes, root, services, stages } from './test-stages.mjs'

/**
 * @typedef {{ name: string, passed: number, failed: number, failures: string[], seconds: number }} StageResult
 * @param {{ names: readonly string[], filters: readonly string[], keep: boolean, env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 *   `filters`: only test files whose path contains one of these words; `keep`: leaves up what can stay
 * @returns {Promise<{ results: StageResult[], busy: number }>} in the order of `names`, and which part of the cores' time was used
 */
export async function runStages({ names, filters, keep, env, say }) {
  const bench = openServices({ keep, env, say })
  // Interrupted as well: `exit` handlers may still run scripts to their end.
  process.on('exit', bench.takeDown)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
  const busySince = coresBusy()
  const results = []
  const runLane = async (lane) => {
    for (const name of lane.filter((one) => names.includes(one))) {
      const result = await runStage({ name, filters, env, bringUp: bench.bringUp, say })
      if (result) results.push(result)
    }
  }
  try {
    for (const beside of lanes) await Promise.all(beside.map(runLane))
  } finally {
    bench.takeDown()
  }
  return { results: names.flatMap((name) => results.filter((one) => one.name === name)), busy: busySince() }
}

/** @returns {Promise<StageResult | null>} null if no file of the stage was asked for */
async function runStage({ name, filters, env, bringUp, say }) {
  const stage = stages[name]
  say(`\n── ${name} ${'─'.repeat(60 - name.length)}`)
  const startedAt = performance.now()
  const finish = (counts) => ({ name, ...counts, seconds: (performance.now() - startedAt) / 1000 })
  if (!stage.find) return finish(runGates(say))
  const broken = (why) => {
    say(`  ✗ ${name}: ${why}`)
    return finish({ passed: 0, failed: 1, failures: [`${name}: ${why}`] })
  }
  const all = filesOf(stage)
  const files = all.filter((file) => filters.length === 0 || filters.some((word) => file.includes(word)))
  if (files.length === 0) return filters.length > 0 ? null : broken('no test')
  try {
    for (const need of stage.needs) await bringUp(need)
  } catch (error) {
    return broken(error.message)
  }
  const { atOnce, testSeconds, fileSeconds, within = [] } = stage
  // What somebody asked for by name stands.
  const stageEnv = { ...stage.env, ...env }
  return finish(
    await runFiles({ files, root, env: stageEnv, within, atOnce, testSeconds, fileSeconds, say, label: name }),
  )
}

function openServices({ keep, env, say }) {
  const started = []
  const up = new Map()
  // One after the other: the scripts share a lock, for which none waits as long as the longest of them takes.
  let last = Promise.resolve()
  const start = async (need) => {
    if (!services[need].isUp() && (!keep || services[need].isTemporary)) started.push(need)
    Object.assign(env, await services[need].up(say))
  }
  return {
    /** Once for all stages. @returns {Promise<void>} */
    bringUp(need) {
      if (!up.has(need)) {
        last = last.then(
          () => start(need),
          () => start(need),
        )
        up.set(need, last)
      }
      return up.get(need)
    },
    takeDown() {
      for (const need of started.splice(0).reverse()) {
        try {
          services[need].down()
        } catch (error) {
          say(error.message)
        }
      }
    },
  }
}

/** @returns {() => number} the part of all cores' time since now that was used for anything, from 0 to 1 */
function coresBusy() {
  const read = () => {
    const times = cpus().map((core) => core.times)
    const sum = (values) => values.reduce((total, value) => total + value, 0)
    return { idle: sum(times.map((one) => one.idle)), all: sum(times.map((one) => sum(Object.values(one)))) }
  }
  const from = read()
  return () => {
    const now = read()
    return now.all === from.all ? 0 : 1 - (now.idle - from.idle) / (now.all - from.all)
  }
}
