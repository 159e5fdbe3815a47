/**
 * 100 bytes over TLS 1.2, for whoever proves the key or takes the certificate: `tls-backend.ts KEY_PORT CERTIFICATE_PORT CERTIFICATE KEY`.
 * nginx knows no pre-shared keys, so all proxies have this one behind them; it reads no more of a request than its end.
 */
import { readFileSync } from 'node:fs'
import { createServer, type TLSSocket } from 'node:tls'
import { psk } from './backend.ts'

const [keyPort, certificatePort, cert = '', key = ''] = process.argv.slice(2)
const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`
const end = Buffer.from('\r\n\r\n')
const version = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const

function serve(socket: TLSSocket): void {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  // Heads of a benchmark are small and come whole.
  socket.on('data', (bytes: Buffer) => {
    for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, at + 4)) socket.write(answer)
  })
}
const byKey = createServer(
  {
    ...version,
    ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
    pskCallback: (_socket, identity) => (identity === psk.identity ? Buffer.from(psk.key, 'hex') : null),
  },
  serve,
)
const byCertificate = createServer(
  { ...version, ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305', cert: readFileSync(cert), key: readFileSync(key) },
  serve,
)
byKey.listen({ port: Number(keyPort), host: '127.0.0.1', backlog: 4_096 })
byCertificate.listen({ port: Number(certificatePort), host: '127.0.0.1', backlog: 4_096 })
