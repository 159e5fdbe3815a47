import { BatchwayError } from '../../core/errors.ts'
import type { Share, ShareCode, Shares } from '../shares.ts'

/**
 * One share, whoever asks: user 1, alice, shares her default server with user 2, bob; `the-code` gives the same, `bobs-code` the other way round.
 * @param note is told of every change.
 */
export function fakeShares(note: (what: string, data: unknown) => void = () => {}): Shares {
  const share: Share = {
    id: 1,
    ownerId: 1,
    ownerName: 'alice',
    serverName: '',
    to: { kind: 'user', id: 2, name: 'bob' },
    scopes: ['access:servers'],
    createdAt: 1_700_000_000_000,
  }
  const code: ShareCode = {
    ...share,
    expiresAt: 1_700_086_400_000,
    exchangeCount: 0,
    lastExchangedAt: null,
  }
  const find = (text: string): ShareCode | null => {
    if (text === 'bobs-code') return { ...code, ownerId: 2, ownerName: 'bob' }
    return text === 'the-code' ? code : null
  }
  return {
    list: async () => ({ items: [share], total: 1 }),
    find: async () => share,
    checkServer: async () => {},
    async grant(owner, serverName, request) {
      note('grant', { owner: owner.name, serverName, ...request })
      return share
    },
    async revoke(owner, serverName, request) {
      note('revoke', { owner: owner.name, serverName, ...request })
      return null
    },
    async revokeAll(owner, serverName) {
      note('revokeAll', { owner: owner.name, serverName })
      return 1
    },
    listCodes: async () => ({ items: [code], total: 1 }),
    async createCode(owner, serverName, request) {
      note('createCode', { owner: owner.name, serverName, ...request })
      return { code, text: 'the-code' }
    },
    async removeCodes(owner, serverName, which) {
      note('removeCodes', { owner: owner.name, serverName, ...which })
      return 1
    },
    peekCode: async (text) => find(text),
    async redeemCode(text, guest) {
      const found = find(text)
      if (found === null) return null
      if (guest.id === found.ownerId) throw new BatchwayError('bad_request', 'You cannot share with yourself.')
      note('redeemCode', { guest: guest.name })
      const { ownerId, ownerName } = found
      return { ...share, ownerId, ownerName, to: { kind: 'user', id: guest.id, name: guest.name } }
    },
  }
}
