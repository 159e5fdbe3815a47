/** Shares and share codes: made by an administrator, since by default nobody else may; read by those whom they are for. */
import { ask, type Json, type Row } from '../row.ts'

const everybody = ['anonymous', 'alice', 'bob', 'gina', 'admin', 'culler', 'narrow', 'expired'] as const
const textOf =
  (key: string) =>
  (body: Json): string =>
    String(typeof body === 'object' && body !== null ? Reflect.get(body, key) : '')

const reading: readonly Row[] = [
  ...ask(everybody, 'GET /shares/alice'),
  ...ask(everybody, 'GET /shares/alice/'),
  ...ask(everybody, 'GET /share-codes/alice'),
  ...ask(everybody, 'GET /users/bob/shared'),
  ...ask(everybody, 'GET /users/bob/shared/alice/'),
  ...ask(everybody, 'GET /groups/chemistry/shared'),
  ...ask(['admin', 'bob'], 'GET /groups/chemistry/shared/alice/'),
  ...ask('admin', 'GET /shares/nobody-here'),
  ...ask('admin', 'GET /shares/alice/not-there'),
  ...ask('admin', 'GET /share-codes/nobody-here'),
  ...ask('admin', 'GET /users/nobody-here/shared'),
  ...ask('admin', 'GET /groups/nothing/shared'),
]

const again = (note: string): Row[] => [
  ...ask(['alice', 'bob', 'admin'], 'GET /shares/alice', { note }),
  ...ask(['bob', 'admin'], 'GET /users/bob/shared', { note }),
  ...ask(['bob', 'admin'], 'GET /users/bob/shared/alice/', { note }),
  ...ask('admin', 'GET /groups/chemistry/shared', { note }),
]

export const shares: readonly Row[] = [
  ...reading,
  ...ask(['anonymous', 'alice', 'bob', 'gina', 'culler', 'narrow'], 'POST /shares/alice/', { json: { user: 'bob' } }),
  ...ask('admin', 'POST /shares/alice/', { json: {} }),
  ...ask('admin', 'POST /shares/alice/', { json: { user: 'bob', group: 'chemistry' } }),
  ...ask('admin', 'POST /shares/alice/', { json: { user: 'nobody-here' } }),
  ...ask('admin', 'POST /shares/alice/', { json: { group: 'nothing' } }),
  ...ask('admin', 'POST /shares/alice/', { json: { user: 'bob', scopes: ['no:such'] } }),
  ...ask('admin', 'POST /shares/alice/', { json: { user: 'bob', scopes: ['access:servers!server=bob/'] } }),
  ...ask('admin', 'POST /shares/alice/', { raw: '{' }),
  ...ask('admin', 'POST /shares/alice/not-there', { json: { user: 'bob' } }),
  ...ask('admin', 'POST /shares/nobody-here/', { json: { user: 'bob' } }),
  ...ask('admin', 'POST /shares/alice/', { json: { user: 'bob' } }),
  ...ask('admin', 'POST /shares/alice/', { json: { user: 'bob' }, note: 'again' }),
  ...ask('admin', 'POST /shares/alice/', { json: { group: 'chemistry' } }),
  ...again('shared'),
  ...ask('admin', 'GET /shares/alice?limit=1'),
  ...ask('admin', 'GET /shares/alice?offset=1'),
  ...ask('admin', 'PATCH /shares/alice/', { json: { user: 'nobody-here' } }),
  ...ask('admin', 'PATCH /shares/alice/', { json: {} }),
  ...ask(['anonymous', 'bob'], 'PATCH /shares/alice/', { json: { user: 'bob' } }),
  ...ask('admin', 'PATCH /shares/alice/', { json: { group: 'chemistry' } }),
  ...again('the group no more'),
  ...ask(['anonymous', 'alice', 'gina'], 'DELETE /users/bob/shared/alice/'),
  ...ask('bob', 'DELETE /users/bob/shared/alice/'),
  ...ask('bob', 'DELETE /users/bob/shared/alice/', { note: 'again' }),
  ...ask('admin', 'POST /shares/alice/', { json: { group: 'chemistry' }, note: 'a second time' }),
  ...ask(['anonymous', 'bob'], 'DELETE /groups/chemistry/shared/alice/'),
  ...ask('admin', 'DELETE /groups/chemistry/shared/alice/'),
  ...ask(['anonymous', 'alice'], 'DELETE /shares/alice/'),
  ...ask('admin', 'DELETE /shares/alice/'),
  ...again('none any more'),
  ...ask(['anonymous', 'alice', 'bob', 'gina'], 'POST /share-codes/alice/', { json: {} }),
  ...ask('admin', 'POST /share-codes/alice/', { json: { expires_in: 1 } }),
  ...ask('admin', 'POST /share-codes/alice/', { json: { expires_in: 'soon' } }),
  ...ask('admin', 'POST /share-codes/alice/not-there', { json: {} }),
  ...ask('admin', 'POST /share-codes/alice/', { json: { expires_in: 3600 }, keep: { shareCode: textOf('id') } }),
  ...ask(['anonymous', 'alice', 'bob', 'admin'], 'GET /share-codes/alice', { note: 'one' }),
  ...ask(['bob', 'admin'], 'GET /share-codes/alice/'),
  ...ask('admin', 'DELETE /share-codes/alice/?id=sc_999999'),
  ...ask('admin', 'DELETE /share-codes/alice/?code=made-up'),
  ...ask('admin', 'DELETE /share-codes/alice/?id={shareCode}'),
  ...ask('admin', 'DELETE /share-codes/alice/'),
  ...ask('admin', 'GET /share-codes/alice', { note: 'none any more' }),
]
