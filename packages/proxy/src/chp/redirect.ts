import http from 'node:http'
import { isHost } from '../forwarded.ts'

/** A listener for plain HTTP that sends browsers to the same address by https. @param port to which they are sent. */
export function redirectServer(port: number): http.Server {
  return http.createServer({ requireHostHeader: false, headersTimeout: 30_000 }, (request, response) => {
    const { host } = request.headers
    const url = request.url ?? ''
    // A host that is none, or an address in another form, would send the browser to where nobody asked for.
    if (host === undefined || !isHost(host) || !url.startsWith('/')) {
      const words = `This server is HTTPS-only on port ${port}, but an HTTP request was made and the host could not be determined from the request.`
      response.writeHead(400, {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Length': Buffer.byteLength(words),
      })
      response.end(words)
      return
    }
    const name = host.replace(/:\d*$/, '')
    response.writeHead(301, {
      Location: `https://${name}${port === 443 ? '' : `:${port}`}${url}`,
      'Content-Length': 0,
    })
    response.end()
  })
}
