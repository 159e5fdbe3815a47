/** Loaded before tests (`--import`): every property runs so many times as BATCHWAY_PROPERTY_RUNS says, unless it says itself how often. */
import process from 'node:process'
import fc from 'fast-check'

const numRuns = Number(process.env.BATCHWAY_PROPERTY_RUNS ?? 100)
fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns })
