import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgePam, type PamFacts } from './judge-pam.ts'

const facts: PamFacts = {
  id: 'pam',
  service: 'batchway',
  socket: '/run/saslauthd/mux',
  refusal: null,
  folder: { path: '/run/saslauthd', group: 'sasl', isGroups: true },
  hasService: true,
  caches: null,
  hub: 'batchway',
}

describe('judgePam', () => {
  for (const [name, change, statuses, words] of [
    ['all is there', {}, 'ok', /answers at \/run\/saslauthd\/mux/],
    ['nobody has made the socket', { refusal: 'ENOENT', folder: null }, 'problem', /systemctl enable --now saslauthd/],
    ['saslauthd has ended', { refusal: 'ECONNREFUSED' }, 'problem', /systemctl restart saslauthd/],
    [
      'the socket is for a group that the hub is not in',
      { refusal: 'EACCES' },
      'problem',
      /usermod --append --groups sasl batchway/,
    ],
    [
      'the socket is for root alone',
      { refusal: 'EACCES', folder: { path: '/run/saslauthd', group: 'root', isGroups: false } },
      'problem',
      /chgrp batchway \/run\/saslauthd[\s\S]*chmod 710/,
    ],
    ['PAM has no such service', { hasService: false }, 'problem', /Write \/etc\/pam\.d\/batchway/],
    ['both are missing', { refusal: 'ENOENT', hasService: false }, 'problem problem', /sasl2-bin/],
    ['passwords are kept', { caches: true }, 'warning ok', /goes on saying yes/],
  ] as const)
    it(`says what to do when ${name}`, () => {
      const verdicts = judgePam({ ...facts, ...change })
      assert.equal(verdicts.map(({ status }) => status).join(' '), statuses)
      assert.match(verdicts.flatMap((each) => [each.words, ...each.remedy]).join('\n'), words)
    })
})
