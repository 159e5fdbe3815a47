/** A kernel and its WebSocket, held open by a page of the application: the connection that nothing may cut. */
import type { Page } from 'playwright-core'
import { until } from './until.ts'

interface Held {
  readonly socket: WebSocket
  closes: number
  /** What each request has printed so far, and whether it is done. */
  readonly answers: Map<string, { text: string; isDone: boolean }>
}
declare global {
  interface Window {
    batchwayKernel: Held
  }
}

export interface Kernel {
  /** Runs code over the connection that was opened first. @returns what it printed. @throws {Error} if the connection is gone. */
  run(code: string): Promise<string>
  /** How often the connection was cut. */
  closes(): Promise<number>
}

/** @param page on a page of the application, signed in. @param prefix of the server: `/user/alice/lab/`. */
export async function openKernel(page: Page, prefix: string): Promise<Kernel> {
  await page.evaluate(async (path) => {
    const [, xsrf = ''] = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie) ?? []
    const answer = await fetch(`${path}api/kernels`, {
      method: 'POST',
      headers: { 'X-XSRFToken': xsrf, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'python3' }),
    })
    if (!answer.ok) throw new Error(`no kernel: ${answer.status} ${await answer.text()}`)
    const { id }: { id: string } = await answer.json()
    const socket = new WebSocket(`ws://${location.host}${path}api/kernels/${id}/channels`)
    const held: Held = { socket, closes: 0, answers: new Map() }
    window.batchwayKernel = held
    socket.addEventListener('close', () => {
      held.closes += 1
    })
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data)
      const answer = held.answers.get(message.parent_header?.msg_id)
      if (!answer) return
      if (message.msg_type === 'stream') answer.text += message.content.text
      if (message.msg_type === 'error') answer.text += `${message.content.ename}: ${message.content.evalue}`
      if (message.msg_type === 'status' && message.content.execution_state === 'idle') answer.isDone = true
    })
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Error('the WebSocket was refused')))
    })
  }, prefix)
  return {
    async run(code) {
      const id = await page.evaluate((text) => {
        const { socket, answers } = window.batchwayKernel
        if (socket.readyState !== WebSocket.OPEN) throw new Error('the WebSocket is closed')
        const id = `request-${answers.size}-${Math.random().toString(36).slice(2)}`
        answers.set(id, { text: '', isDone: false })
        const header = {
          msg_id: id,
          msg_type: 'execute_request',
          username: '',
          session: 'test',
          version: '5.3',
          date: '',
        }
        const content = { code: text, silent: false, store_history: false, user_expressions: {}, allow_stdin: false }
        const message = { header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: [] }
        socket.send(JSON.stringify({ ...message, header: { ...header, date: new Date().toISOString() } }))
        return id
      }, code)
      const isOver = (key: string): boolean => {
        const { socket, answers } = window.batchwayKernel
        return answers.get(key)?.isDone === true || socket.readyState !== WebSocket.OPEN
      }
      // Not `waitForFunction`: it evaluates text in the page, which the page's policy may forbid.
      await until('the answer is complete', () => page.evaluate(isOver, id))
      return await page.evaluate((key) => {
        const { answers } = window.batchwayKernel
        const answer = answers.get(key)
        if (!answer?.isDone) throw new Error('the WebSocket was closed before the answer came')
        return answer.text.trim()
      }, id)
    },
    closes: () => page.evaluate(() => window.batchwayKernel.closes),
  }
}
