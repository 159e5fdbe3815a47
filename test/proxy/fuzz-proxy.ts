/** `npm run fuzz:proxy -- --count N --seed S`: figures as JSON, and an exit code of 1 if anything is not as it should be. */
import { parseArgs } from 'node:util'
import { type FuzzFigures, fuzz } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    connections: { type: 'string', default: '32' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`npm run fuzz:proxy -- [options]

  --count N        requests (default 100000)
  --seed S         repeats a run, as far as the order of what happens at once allows (default: of the moment)
  --connections N  at once (default 32)

Starts a proxy of its own with an application behind it, both ways full of mistakes. One line of JSON for each tenth on the error output, the figures on the other.`)
  process.exit(0)
}
const [count, seed, atOnce] = [Number(values.count), Number(values.seed), Number(values.connections)]
const brief = (figures: FuzzFigures) => ({
  seed,
  ...figures,
  perSecond: Math.round(figures.requests / figures.seconds),
  ...Object.fromEntries(
    (['foreign', 'malformed', 'strange', 'hung', 'errors'] as const).map((key) => [key, figures[key].length]),
  ),
})
const figures = await fuzz({ count, seed, atOnce, tell: (each) => console.error(JSON.stringify(brief(each))) })
console.log(JSON.stringify(brief(figures)))
for (const kind of ['foreign', 'malformed', 'strange', 'hung', 'errors'] as const)
  for (const text of figures[kind].slice(0, 3)) console.error(`${kind}: ${JSON.stringify(text.slice(0, 2_000))}`)
const isClean =
  figures.isAlive &&
  [figures.foreign, figures.malformed, figures.strange, figures.hung, figures.errors].every((all) => all.length === 0)
process.exitCode = isClean ? 0 : 1
