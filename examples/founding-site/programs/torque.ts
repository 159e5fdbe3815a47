/** `torque.ts FOLDER`: an emulator in place of the talk's Torque, which nobody packages any more: its commands in FOLDER/bin, its queues, a node of 16 cores. */
import { resolve } from 'node:path'
import { openTorqueEmulator } from '../../../packages/schedulers/src/torque/testing-emulator/open-emulator.ts'

const [given] = process.argv.slice(2)
if (given === undefined) throw new Error('torque.ts FOLDER')
const queues = ['mesabi', 'ram256g'].map((name) => ({ name, isStarted: true }))
const { commands } = openTorqueEmulator({ cores: 16, queues }, resolve(given))
process.stdout.write(`${commands}: queues mesabi, ram256g\n`)
