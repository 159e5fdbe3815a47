/** Commands started by a helper process (`command-helper.ts`) instead of by this one. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { End, Execute, Execution } from './execute.ts'
import type { HelperAnswer, HelperOrder } from './helper-messages.ts'
import { type Run, runBy } from './run.ts'

export interface CommandHelper extends Disposable {
  readonly run: Run
  /** See `hold.ts`. */
  readonly makeHold: (path: string) => Promise<void>
  /** Of the helper, while one runs. */
  readonly pid: number | undefined
}

const program = join(import.meta.dirname, `command-helper${import.meta.filename.slice(-3)}`)

/** What is known of a command whose helper died: it may run on, and nobody hears it. */
const lostWithHelper: End = {
  isOver: false,
  exitCode: null,
  signal: null,
  stop: 'runner',
  hasReadAll: false,
  startError: null,
  stdout: '',
  stderr: '',
}

/** A helper that has not ended a command this long after the command's own limits does not work. */
const slackMs = 10_000

interface Asked {
  readonly helper: ChildProcess
  settle(answer: HelperAnswer | 'gone'): void
  readonly onSpawn?: ((pid: number) => void) | undefined
}

/** The helper is started with the first command, and anew after it died. Disposal lets go of it: what runs goes on to its end. */
export function openCommandHelper(): CommandHelper {
  const asked = new Map<number, Asked>()
  let helper: ChildProcess | undefined
  let lastId = 0

  function start(): ChildProcess {
    const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], cwd: '/', detached: true })
    const gone = (): void => {
      if (helper === child) helper = undefined
      for (const each of [...asked.values()]) if (each.helper === child) each.settle('gone')
    }
    child.once('exit', gone).once('error', gone)
    child.on('message', (answer: HelperAnswer) => {
      if (answer.type === 'spawned') asked.get(answer.id)?.onSpawn?.(answer.pid)
      else asked.get(answer.id)?.settle(answer)
    })
    // Only while an answer is waited for does the channel keep the hub from ending.
    child.unref()
    child.channel?.unref()
    return child
  }

  /** @returns `gone` if the helper ended meanwhile. @throws if it could not be told. */
  function ask(order: HelperOrder, limitMs: number, onSpawn?: (pid: number) => void): Promise<HelperAnswer | 'gone'> {
    helper ??= start()
    const child = helper
    return new Promise((resolve, reject) => {
      const forget = (): void => {
        clearTimeout(guard)
        asked.delete(order.id)
        if (asked.size === 0) child.channel?.unref()
      }
      const guard = setTimeout(() => child.kill('SIGKILL'), limitMs)
      asked.set(order.id, {
        helper: child,
        onSpawn,
        settle(answer) {
          forget()
          resolve(answer)
        },
      })
      child.channel?.ref()
      child.send(order, (error) => {
        if (!error || !asked.has(order.id)) return
        forget()
        reject(error)
      })
    })
  }

  async function execute(execution: Execution, { signal, onSpawn }: Parameters<Execute>[1]): Promise<End> {
    lastId += 1
    const id = lastId
    const abort = (): void => {
      const { helper: child } = asked.get(id) ?? {}
      if (child?.connected) child.send({ type: 'abort', id } satisfies HelperOrder)
    }
    signal?.addEventListener('abort', abort)
    try {
      const limitMs = execution.timeoutMs + 2 * execution.graceMs + slackMs
      const answer = await ask({ type: 'execute', id, execution }, limitMs, onSpawn)
      if (answer !== 'gone' && answer.type === 'failed') throw new Error(answer.words)
      return answer !== 'gone' && answer.type === 'ended' ? answer.end : lostWithHelper
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  return {
    run: runBy(execute),
    async makeHold(path) {
      lastId += 1
      const answer = await ask({ type: 'hold', id: lastId, path }, slackMs)
      if (answer === 'gone') throw new Error('the process that runs commands ended')
      if (answer.type === 'failed') throw new Error(answer.words)
    },
    get pid() {
      return helper?.pid
    },
    [Symbol.dispose]() {
      if (helper?.connected) helper.disconnect()
      helper = undefined
    },
  }
}
