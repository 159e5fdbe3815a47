/** Command lines that start nothing: what is said, and with which exit code. */
export interface RefusedLine {
  readonly argv: readonly string[]
  /** In what ours says. */
  readonly says: RegExp
  /** Exit code of configurable-http-proxy 5.3, or that it starts all the same; in words why ours does not. Null: it ends with 1 as ours. */
  readonly theirs: null | { readonly starts: string }
}

const same = null

export const refusedLines: readonly RefusedLine[] = [
  { argv: ['--nonsense'], says: /'--nonsense'/, theirs: same },
  { argv: ['word'], says: /word/, theirs: same },
  { argv: ['--ip'], says: /--ip/, theirs: same },
  { argv: ['--ssl-request-cert=yes'], says: /--ssl-request-cert/, theirs: same },
  { argv: ['--x-forward'], says: /--x-forward/, theirs: same },
  { argv: ['--socket=/tmp/never.sock', '--port=8000'], says: /--socket cannot be used with/, theirs: same },
  { argv: ['--redirect-port=8080'], says: /HTTPS redirection specified but certificates not provided/, theirs: same },
  {
    argv: ['--error-target=http://127.0.0.1:9', '--error-path=/tmp'],
    says: /Cannot specify both error-target and error-path/,
    theirs: same,
  },
  { argv: ['--custom-header=nothing'], says: /A colon was expected in custom header: nothing/, theirs: same },
  { argv: ['--ssl-key=/nonexistent', '--ssl-cert=/nonexistent'], says: /--ssl-key: ENOENT/, theirs: same },
  { argv: ['--api-ssl-key=/nonexistent', '--api-ssl-cert=/nonexistent'], says: /--api-ssl-key: ENOENT/, theirs: same },
  { argv: ['--client-ssl-ca=/nonexistent'], says: /--client-ssl-ca: ENOENT/, theirs: same },
  { argv: ['--statsd-host=h'], says: /--statsd-host is not supported: .*--metrics-port/, theirs: same },
  { argv: ['--statsd-port=1'], says: /--metrics-port/, theirs: same },
  { argv: ['--statsd-prefix=p'], says: /--metrics-port/, theirs: same },
  { argv: ['--storage-backend=nowhere'], says: /--storage-backend is not supported: .*--snapshot FILE/, theirs: same },
  { argv: ['--port=http'], says: /--port must be a whole number/, theirs: { starts: 'on port 8000' } },
  { argv: ['--port=70000'], says: /--port must be a whole number up to 65535/, theirs: same },
  { argv: ['--timeout=5s'], says: /--timeout must be a whole number/, theirs: { starts: 'with 5 ms' } },
  { argv: ['--log-level=loud'], says: /--log-level must be one of/, theirs: { starts: 'and says nothing more' } },
  {
    argv: ['--protocol-rewrite=gopher'],
    says: /--protocol-rewrite must be http or https/,
    theirs: { starts: 'and sends browsers there' },
  },
  {
    argv: ['--custom-header=Content-Length: 3'],
    says: /--custom-header cannot set Content-Length/,
    theirs: { starts: 'and breaks every request with a body' },
  },
  { argv: ['--custom-header=Host: h'], says: /--change-origin/, theirs: { starts: 'and every target is asked for h' } },
  { argv: ['--error-target=nonsense'], says: /target must be/, theirs: { starts: 'and fails with each page' } },
  { argv: ['--default-target=nonsense'], says: /target must be/, theirs: { starts: 'and fails with each request' } },
  { argv: ['--trusted-front=nobody'], says: /nobody/, theirs: same },
]
