/** The part of the configuration that says where events go: one line for each thing that happened. */
import { z } from 'zod'
import { absolutePath, plainText } from './config-values.ts'

const format = z
  .enum(['json', 'key-value'])
  .default('json')
  .describe('How a line is written: "json", or "key-value" (event=session.ready user=alice …)')

const common = {
  format,
  only: z
    .array(
      z
        .string()
        .regex(/^(\*|[a-z]+\.(\*|[a-z-]+))$/, 'write the name of an event, or "session.*", "audit.*" or another kind'),
    )
    .min(1, 'name at least one event, or leave it out for all')
    .optional()
    .describe('Which events, e.g. ["session.*", "audit.sign-in"]; all if absent'),
  queue: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(10_000)
    .describe('Most events that wait while the receiver is away; more are dropped and counted'),
}

const host = plainText.regex(/^[A-Za-z0-9_.:-]{1,255}$/, 'write a host name or an IP address')
const port = z.int().min(1).max(65_535)
const socketPath = absolutePath.max(107, 'a unix socket’s path has at most 107 characters')

const syslog = {
  ...common,
  facility: z
    .enum([
      'user',
      'daemon',
      'auth',
      'authpriv',
      'local0',
      'local1',
      'local2',
      'local3',
      'local4',
      'local5',
      'local6',
      'local7',
    ])
    .default('local0')
    .describe('Facility of the messages'),
  appName: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,32}$/, 'use letters, digits, "_", "." and "-" (at most 32)')
    .default('batchway')
    .describe('Name of the program in the messages'),
}

const remote = { ...syslog, host: host.describe('Name or address of the receiver'), port }

export const SinkConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('stdout').describe('Standard output, beside the lines of the log: for systemd and containers'),
    ...common,
  }),
  z.strictObject({
    type: z.literal('file').describe('A file; it may be rotated'),
    path: absolutePath.describe('The hub’s account must be able to write it'),
    ...common,
  }),
  z.strictObject({
    type: z.literal('syslog').describe('The local syslog socket, written by the program "logger" of util-linux'),
    socket: socketPath.default('/dev/log').describe('Path of the socket'),
    header: z
      .enum(['bsd', 'rfc5424'])
      .default('bsd')
      .describe('"bsd": what every daemon reads there; "rfc5424" only for daemons that are told to expect it'),
    logger: absolutePath.default('/usr/bin/logger').describe('Path of util-linux’ logger'),
    ...syslog,
  }),
  z.strictObject({
    type: z.literal('syslog-unix').describe('RFC 5424 to a unix stream socket, such as rsyslog’s imptcp opens'),
    socket: socketPath.describe('Path of the socket'),
    ...syslog,
  }),
  z.strictObject({
    type: z.literal('syslog-udp').describe('RFC 5424 by UDP: nobody hears of what is lost on the way'),
    ...remote,
    port: port.default(514).describe('Its port'),
  }),
  z.strictObject({
    type: z.literal('syslog-tcp').describe('RFC 5424 by TCP with octet counting, readable on the way'),
    ...remote,
    port: port.default(601).describe('Its port'),
  }),
  z
    .strictObject({
      type: z.literal('syslog-tls').describe('RFC 5424 by TLS'),
      ...remote,
      port: port.default(6514).describe('Its port'),
      caFile: absolutePath
        .optional()
        .describe('Authorities that its certificate may be of (PEM); the system’s if absent'),
      certificateFile: absolutePath.optional().describe('Our certificate (PEM), if it asks for one'),
      keyFile: absolutePath.optional().describe('Our key (PEM), readable by the hub’s account alone'),
      serverName: host.optional().describe('Name in its certificate, if it is not "host"'),
    })
    .refine(({ certificateFile, keyFile }) => (certificateFile === undefined) === (keyFile === undefined), {
      path: ['keyFile'],
      error: 'belongs to certificateFile: write both or none',
    }),
])
export type SinkConfig = z.output<typeof SinkConfig>

export const EventsConfig = z.strictObject({
  to: z.array(SinkConfig).max(16).default([]).describe('Where they go; nowhere if absent'),
})
