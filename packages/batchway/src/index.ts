export type { ConfigInput } from './core/config.ts'
export { type ConfigModule, defineConfig } from './core/load-config.ts'
