import type { Page } from 'playwright-core'

/**
 * Open a notebook terminal from the page's own origin, over its WebSocket through the proxy, and type commands.
 * @param prefix path of the session, with both slashes.
 * @param until text that the terminal must print.
 * @returns everything the terminal printed.
 */
export function typeInTerminal(
  page: Page,
  prefix: string,
  commands: readonly string[],
  until: string,
): Promise<string> {
  return page.evaluate(
    async ([path, lines, end]) => {
      const xsrf = /(?:^|; )_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? ''
      const made = await fetch(`${path}api/terminals`, { method: 'POST', headers: { 'X-XSRFToken': xsrf } })
      if (!made.ok) throw new Error(`no terminal: ${made.status}`)
      const { name } = (await made.json()) as { name: string }
      const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${path}terminals/websocket/${name}`)
      let seen = ''
      return await new Promise<string>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`the terminal did not print ${end}: ${seen}`)), 40_000)
        socket.onerror = () => reject(new Error('the terminal’s WebSocket failed'))
        socket.onopen = () => {
          for (const line of lines) socket.send(JSON.stringify(['stdin', `${line}\r`]))
        }
        socket.onmessage = ({ data }) => {
          const [kind, text] = JSON.parse(String(data)) as [string, string]
          if (kind !== 'stdout') return
          seen += text
          if (!seen.includes(end)) return
          clearTimeout(timer)
          socket.close()
          resolve(seen)
        }
      })
    },
    [prefix, commands, until] as const,
  )
}
