/** What Torque 6 printed (`testdata/`: the call, its exit status, then both outputs). */
import { readFileSync } from 'node:fs'
import type { Output } from '../driver.ts'

export interface Recorded extends Output {
  readonly command: string
}

export function recorded(file: string): Recorded {
  const text = readFileSync(new URL(`./testdata/${file}.txt`, import.meta.url), 'utf8')
  const [, command = '', exit, stdout = '', stderr = ''] =
    /^# command: (.*)\n# exit: (\d+)\n# --- stdout\n([\s\S]*?)\n# --- stderr\n([\s\S]*)$/.exec(text) ?? []
  return { command, exitCode: Number(exit), stdout, stderr }
}
