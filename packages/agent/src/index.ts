export { ensureAgentBuild } from './agent-build.ts'
export { claimMark } from './claim-mark.ts'
export { type ExitWord, exitCodes } from './exit-codes.ts'
export { type InstalledAgent, type InstallOptions, installAgent } from './install.ts'
export { type JobScriptOrder, renderJobScript } from './job-script.ts'
export type {
  ApplicationOrder,
  ClaimRefusal,
  ClaimReply,
  ClaimRequest,
  ExitReason,
  IdleOrder,
  Report,
  ReportReply,
  Ticket,
  Usage,
  WalltimeOrder,
  WarningReport,
} from './protocol.ts'
export { oldestProtocol, protocolVersion, socketProtocol } from './protocol.ts'
export { shellQuote, shellQuoteText, UnsafeShellValue } from './shell-quote.ts'
