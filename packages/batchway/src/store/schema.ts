/**
 * The tables as Kysely sees them. Column types are the same on both databases: times are Unix milliseconds, flags 0 or 1,
 * JSON is text, secrets are SHA-256 in hex. Rows are translated to the words of the rooms by the store of each noun.
 */
import type { Generated, Kysely, Transaction } from 'kysely'

interface UserTable {
  id: Generated<number>
  name: string
  is_admin: number
  created_at: number
  last_activity_at: number | null
  preferences: string
  /** JSON: what the last sign-in told. */
  claims: string
}

interface UserGroupTable {
  id: Generated<number>
  name: string
  created_at: number
  /** JSON object. */
  properties: Generated<string>
}

/** Who says so: at least one of the two. */
interface MembershipTable {
  user_id: number
  group_id: number
  by_sign_in: number
  by_hand: number
}

/** A user's named slot; `''` is the default one. */
interface ServerTable {
  user_id: number
  name: string
  display_name: string
  /** JSON object; null: nothing was said. */
  user_options: string | null
  created_at: number
}

interface SignInTable {
  id: string
  user_id: number
  secret_hash: string
  /** `Login.id`, or `link`. */
  way: string
  created_at: number
  expires_at: number
  last_seen_at: number
  address: string
  agent: string
}

interface KeptSignInTable {
  sign_in_id: string
  way: string
  sealed: string
  asked_at: number
}

interface SignInHandleTable {
  sign_in_id: string
  way: string
  handle_hash: string
}

interface LinkTable {
  secret_hash: string
  user_id: number
  created_at: number
  expires_at: number
  used_at: number | null
}

interface TokenTable {
  id: Generated<number>
  text_hash: string
  kind: 'api' | 'server' | 'oauth'
  user_id: number
  scopes: string
  note: string
  /** A server's client; a service's stands in `service_client`. */
  client_id: string | null
  service_client: string | null
  sign_in_id: string | null
  session_id: string | null
  created_at: number
  last_activity_at: number | null
  expires_at: number | null
}

interface OAuthClientTable {
  id: string
  secret_hash: string
  redirect_uri: string
  allowed_scopes: string
  description: string
  user_id: number
  server_name: string
}

interface OAuthCodeTable {
  code_hash: string
  client_id: string | null
  service_client: string | null
  user_id: number
  redirect_uri: string
  scopes: string
  sign_in_id: string | null
  challenge: string | null
  expires_at: number
}

/** `state` repeats `facts.state` for the index that allows one living session per server. */
export interface SessionTable {
  id: string
  user_id: number
  user_name: string
  server_name: string
  account: string
  spec: string
  state: string
  facts: string
  attempt: number
  version: number
  created_at: number
  submitted_at: number | null
  started_at: number | null
  ready_at: number | null
  /** Of the life that became ready first; the store keeps them, and reports read them. */
  first_ready_at: Generated<number | null>
  first_started_at: Generated<number | null>
  ended_at: number | null
  ends_at: number | null
  last_activity_at: number | null
  /** What `facts` says of an end, for reports. */
  outcome_code: string | null
  cpu_seconds: number | null
}

export interface AttemptTable {
  session_id: string
  number: number
  tag: string
  secret_hash: string
  job_id: string | null
  submit: 'prepared' | 'running' | 'accepted' | 'refused' | 'unclear'
  submit_pid: number | null
  submit_pid_start: string | null
  created_at: number
  accepted_at: number | null
  first_seen_at: number | null
  last_seen_at: number | null
  output_path: string
  agent_directory: string | null
}

export interface ClaimTable {
  id: string
  session_id: string
  attempt: number
  job_id: string
  restart: number
  node: string
  token_hash: string
  created_at: number
  revoked_at: number | null
}

export interface SessionEventTable {
  session_id: string
  seq: number
  at: number
  type: string
  data: string
}

/** What nobody did in a way or from an address has '' there. */
interface AuditEntryTable {
  id: Generated<number>
  at: number
  actor: string
  action: string
  object: string
  address: string
  way: string
  outcome: string
  detail: string
}

/** Scopes are JSON: names without a filter. One of user and group is set. */
interface ShareTable {
  id: Generated<number>
  owner_id: number
  server_name: string
  user_id: number | null
  group_id: number | null
  scopes: string
  created_at: number
}

interface ShareCodeTable {
  id: Generated<number>
  owner_id: number
  server_name: string
  code_hash: string
  scopes: string
  created_at: number
  expires_at: number
  exchange_count: Generated<number>
  last_exchanged_at: number | null
}

interface RevokedTable {
  id: Generated<number>
  kind: 'api' | 'oauth' | 'sign-in'
  ref: string
  text_hash: string
  client_id: string | null
  user_id: number
  told: Generated<number>
}

interface SettingTable {
  key: string
  value: string
}

interface SchemaVersionTable {
  version: number
  name: string
  applied_at: number
}

export interface Schema {
  user: UserTable
  user_group: UserGroupTable
  membership: MembershipTable
  server: ServerTable
  sign_in: SignInTable
  kept_sign_in: KeptSignInTable
  sign_in_handle: SignInHandleTable
  link: LinkTable
  token: TokenTable
  oauth_client: OAuthClientTable
  oauth_code: OAuthCodeTable
  session: SessionTable
  attempt: AttemptTable
  claim: ClaimTable
  session_event: SessionEventTable
  audit_entry: AuditEntryTable
  share: ShareTable
  share_code: ShareCodeTable
  revoked: RevokedTable
  setting: SettingTable
  schema_version: SchemaVersionTable
}

export type Db = Kysely<Schema>
export type Tx = Transaction<Schema>
