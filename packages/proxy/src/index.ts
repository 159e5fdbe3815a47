export * from './hub-side.ts'
export { jsonLog, type Log, type LogLevel } from './log.ts'
export { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts'
