/**
 * Node's HTTP, asked for as an object. An `import` takes all that a built-in module has at once, and with this one WebSocket and
 * fetch: a third of what an agent's start costs, and many agents may start on one node.
 */
export const { Agent, createServer, request } = process.getBuiltinModule('node:http')
