/** The firewall rules that docs/security.md prints, loaded by nft(8) into a network of their own: who reaches what. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'

const page = readFileSync(join(import.meta.dirname, '../docs/security.md'), 'utf8')
const printed = [...page.matchAll(/```\n(# nftables on [^\n]*\n[\s\S]*?)```/g)].map(([, rules = '']) => rules)

/** From whose address, to which port of the host with the rules. */
type Ask = readonly [from: string, port: number]

/**
 * A host with the rules, and a second network beside it from which the others ask: `own` of them has the address of the host itself.
 * What is dropped gets no answer at all, so a short wait decides; what is let in gets one whenever the machine finds the time.
 */
const program = `
import json, os, socket, subprocess, sys, threading, time
given = json.load(sys.stdin)
run = lambda *argv, **more: subprocess.run(argv, check=True, **more)
run('ip', 'link', 'set', 'lo', 'up')
other = subprocess.Popen(['unshare', '--net', 'sleep', '600'])
there = f'/proc/{other.pid}/ns/net'
while os.readlink(there) == os.readlink('/proc/self/ns/net'):
    time.sleep(0.02)
run('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1', 'netns', str(other.pid))
for address in given['host']:
    run('ip', 'address', 'add', address, 'dev', 'v0')
run('ip', 'link', 'set', 'v0', 'up')
inside = lambda *argv, **more: run('nsenter', f'--net={there}', *argv, **more)
for address in given['others']:
    inside('ip', 'address', 'add', address, 'dev', 'v1')
inside('ip', 'link', 'set', 'v1', 'up')

def serve(port):
    server = socket.create_server(('', port))
    while True:
        server.accept()[0].close()
for port in given['ports']:
    threading.Thread(target=serve, args=(port,), daemon=True).start()

client = '''
import socket, sys
source, target, port, patience = sys.argv[1:]
try:
    socket.create_connection((target, int(port)), float(patience), (source, 0)).close()
    print('open')
except TimeoutError:
    print('dropped')
'''
def ask(source, port, patience):
    here = source == '127.0.0.1'
    target = source if here else next(a.split('/')[0] for a in given['host'] if a.split('.')[:2] == source.split('.')[:2])
    argv = [sys.executable, '-I', '-c', client, source, target, str(port), str(patience)]
    if not here:
        argv = ['nsenter', f'--net={there}'] + argv
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

before = [ask(*each, 60) for each in given['asks']]
run('nft', '--file', '-', input=given['rules'], text=True)
after = [ask(*each, 60 if each in given['open'] else 1.5) for each in given['asks']]
print(json.dumps({'before': before, 'after': after}))
other.kill()
`

function look(given: {
  readonly rules: string
  readonly host: readonly string[]
  readonly others: readonly string[]
  readonly open: readonly Ask[]
  readonly dropped: readonly Ask[]
}): { before: string[]; after: string[] } {
  const asks = [...given.open, ...given.dropped]
  const input = JSON.stringify({ ...given, asks, ports: [...new Set(asks.map(([, port]) => port))] })
  const within = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const { status, stdout, stderr } = spawnSync('unshare', [...within, '/usr/bin/python3', '-I', '-c', program], {
    input,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

describe('the printed firewall rules', () => {
  before(() => assert.equal(printed.length, 2))
  const host = ['10.1.0.1/16', '192.0.2.1/24']
  const others = ['10.1.0.5/16', '192.0.2.9/24']
  const [node, stranger, itself] = ['10.1.0.5', '192.0.2.9', '127.0.0.1'] as const

  for (const [where, given] of [
    [
      'on the gateway’s host let nodes reach the internal listener, and nobody else what is the gateway’s',
      {
        host,
        others,
        open: [
          [node, 8081],
          [itself, 8000],
          [itself, 8081],
          [stranger, 443],
          [node, 443],
        ],
        dropped: [
          [node, 8000],
          [stranger, 8000],
          [stranger, 8081],
        ],
      },
    ],
    [
      'on a node let the gateway reach agents, and nobody else',
      {
        host: ['10.1.0.7/16', '192.0.2.7/24'],
        others: ['10.1.0.1/16', ...others],
        open: [
          ['10.1.0.1', 40_000],
          ['10.1.0.1', 40_999],
          [itself, 40_000],
          [node, 39_999],
          [stranger, 41_000],
        ],
        dropped: [
          [node, 40_000],
          [stranger, 40_000],
          [stranger, 40_999],
        ],
      },
    ],
  ] as const)
    it(where, () => {
      const rules = printed[where.startsWith('on a node') ? 1 : 0] ?? ''
      const { before: without, after } = look({ rules, ...given })
      // The control: without the rules everybody reaches everything.
      assert.deepEqual(new Set(without), new Set(['open']))
      assert.deepEqual(after, [...given.open.map(() => 'open'), ...given.dropped.map(() => 'dropped')])
    })
})
