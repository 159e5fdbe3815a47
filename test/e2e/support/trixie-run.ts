/** Runs a program of the trixie tree, as any user. `npm test` says where it is; for a single file it is looked for where it is usually put. */
export const trixieRun = process.env.TEST_TRIXIE_RUN ?? '/var/cache/batchway-bench/trixie-run'
