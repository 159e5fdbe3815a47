import { userInfo } from 'node:os'

/** Who calls a command of an emulator, and from where. */
export interface Place {
  /** The emulator's own folder. */
  readonly folder: string
  readonly account: string
  readonly home: string
  readonly shell: string
  readonly directory: string
  readonly path: string
}

/** Where this process stands. */
export function placeOfProcess(folder: string): Place {
  const { username, homedir, shell } = userInfo()
  return {
    folder,
    account: username,
    home: homedir,
    shell: shell ?? '/bin/sh',
    directory: process.cwd(),
    path: process.env.PATH ?? '',
  }
}

/** What a command says when it fails, and its exit status. */
export class Failure extends Error {
  readonly exitCode: number
  /** Printed all the same: what could be told. */
  readonly output: string
  constructor(exitCode: number, message: string, output = '') {
    super(message)
    this.name = 'Failure'
    this.exitCode = exitCode
    this.output = output
  }
}
