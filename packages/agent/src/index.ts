export type {
  ApplicationOrder,
  ClaimRefusal,
  ClaimReply,
  ClaimRequest,
  Report,
  ReportReply,
  Ticket,
  Usage,
} from './protocol.ts'
export { protocolVersion } from './protocol.ts'
