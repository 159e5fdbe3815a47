import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decideCourse,
  type HeldSignIn,
  kindOfVisit,
  readAttested,
  type Standing,
  type VisitKind,
} from './front-visit.ts'
import { hubPaths } from './hub-paths.ts'

const paths = hubPaths('/jupyter/')

describe('kindOfVisit', () => {
  const navigate = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
  const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
  const rows: readonly (readonly [request: string, headers: Record<string, string>, kind: VisitKind])[] = [
    ['GET /jupyter/hub/home', navigate, 'page'],
    ['GET /jupyter/hub/login', { accept: '*/*' }, 'page'],
    ['GET /jupyter/hub/home', { accept: 'text/html,*/*' }, 'page'],
    ['GET /jupyter/hub/home', { accept: '*/*' }, 'program'],
    ['GET /jupyter/hub/home', {}, 'program'],
    ['HEAD /jupyter/hub/home', navigate, 'program'],
    ['POST /jupyter/hub/spawn', navigate, 'form'],
    ['POST /jupyter/hub/spawn', { accept: 'text/html' }, 'form'],
    ['POST /jupyter/hub/spawn', script, 'program'],
    ['GET /jupyter/hub/home', script, 'program'],
    ['GET /jupyter/hub/home', { ...navigate, 'hx-request': 'true' }, 'program'],
    ['GET /jupyter/hub/home', { ...navigate, 'sec-fetch-dest': 'iframe' }, 'program'],
    [
      'GET /jupyter/hub/home',
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'text/html' },
      'program',
    ],
    [
      'GET /jupyter/hub/user/alice/terminals/websocket/1',
      { upgrade: 'websocket', 'sec-fetch-mode': 'websocket' },
      'program',
    ],
    ['GET /jupyter/hub/api/user', navigate, 'program'],
    ['GET /jupyter/hub/api', navigate, 'program'],
    ['GET /jupyter/hub/api/sessions/events', { accept: 'text/event-stream' }, 'program'],
    ['GET /jupyter/hub/api/oauth2/authorize', navigate, 'page'],
    ['POST /jupyter/hub/api/oauth2/authorize', navigate, 'form'],
    ['GET /jupyter/hub/api/user', { authorization: 'token abc' }, 'unseen'],
    ['POST /jupyter/hub/api/users/alice/server', { authorization: 'Bearer' }, 'unseen'],
    ['GET /jupyter/hub/api/user', { authorization: 'Basic YTpi' }, 'program'],
    ['GET /jupyter/hub/home', { ...navigate, authorization: 'token abc' }, 'page'],
    ['GET /jupyter/hub/logout', navigate, 'leaving'],
    ['POST /jupyter/hub/logout', navigate, 'leaving'],
    ['GET /jupyter/hub/static/app.js', script, 'unseen'],
    ['GET /jupyter/hub/health', {}, 'unseen'],
    ['POST /jupyter/hub/security/csp-report', script, 'unseen'],
    ['GET /jupyter/hub/healthy', navigate, 'page'],
    ['GET /jupyter/hub/static', navigate, 'page'],
    ['GET /jupyter/user/alice/lab', navigate, 'unseen'],
    ['GET /jupyter/hub', navigate, 'unseen'],
    ['GET /jupyter/', navigate, 'unseen'],
  ]
  for (const [request, headers, kind] of rows)
    it(`takes ${request} with ${Object.keys(headers).join(', ') || 'nothing'} for ${kind}`, () => {
      const [method = '', path = ''] = request.split(' ')
      assert.equal(kindOfVisit(method, path, new Headers(headers), paths), kind)
    })
})

describe('readAttested', () => {
  const read = (headers: Record<string, string>) => readAttested(new Headers(headers))

  it('reads what the proxy encodes', () =>
    assert.deepEqual(
      read({ 'X-Batchway-Front': 'yes', 'X-Batchway-User': 'jos%C3%A9%25', 'X-Batchway-User-Data': 'a%3Bb' }),
      {
        user: 'josé%',
        data: 'a;b',
      },
    ))

  for (const headers of [
    {},
    { 'X-Batchway-User': 'bob' },
    { 'X-Batchway-Front': 'no', 'X-Batchway-User': 'bob' },
    { 'X-Batchway-Front': 'yes' },
    { 'X-Batchway-Front': 'yes', 'X-Batchway-User': '' },
    { 'X-Batchway-Front': 'yes', 'X-Batchway-User': '%ff' },
    { 'X-Batchway-Front': 'yes, yes', 'X-Batchway-User': 'bob' },
  ])
    it(`finds nobody in ${JSON.stringify(headers)}`, () => assert.equal(read(headers), null))
})

describe('decideCourse', () => {
  const front = (userId: number): HeldSignIn => ({ id: `f${userId}`, way: 'header', userId, userName: `u${userId}` })
  const link = (userId: number): HeldSignIn => ({ id: `l${userId}`, way: 'link', userId, userName: `u${userId}` })
  const user = (userId: number): Standing => ({ kind: 'user', userId })
  const nobody: Standing = { kind: 'nobody' }
  const blocked: Standing = { kind: 'refused', words: 'no' }
  const rows: readonly (readonly [
    what: string,
    kind: VisitKind,
    standing: Standing,
    held: HeldSignIn[],
    ended: string,
    next: string,
  ])[] = [
    ['a page, first time', 'page', user(1), [], '', 'begin'],
    ['a page again', 'page', user(1), [front(1)], '', 'pass'],
    ['a page as another user', 'page', user(2), [front(1)], 'f1', 'begin'],
    ['a page after a link', 'page', user(1), [link(1)], 'l1', 'begin'],
    ['a page with a tossed cookie', 'page', user(1), [front(2), front(1), link(3)], 'f2 l3', 'pass'],
    ['a script, as before', 'program', user(1), [front(1)], '', 'pass'],
    ['a script of another user’s page', 'program', user(2), [front(1)], 'f1', 'refuse'],
    ['a script without a sign-in', 'program', user(1), [], '', 'pass'],
    ['a form of another user’s page', 'form', user(2), [front(1)], 'f1', 'pass'],
    ['a form from nowhere', 'form', user(1), [], '', 'pass'],
    ['leaving as another user', 'leaving', user(2), [front(1)], 'f1', 'pass'],
    ['leaving', 'leaving', user(1), [front(1)], '', 'pass'],
    ['leaving without a sign-in', 'leaving', user(1), [], '', 'pass'],
    ['nobody at a page', 'page', nobody, [front(1)], 'f1', 'pass'],
    ['nobody at a page, with a link’s sign-in', 'page', nobody, [link(1)], '', 'pass'],
    ['nobody in a script', 'program', nobody, [front(1)], 'f1', 'refuse'],
    ['nobody in a script, with a link’s sign-in too', 'program', nobody, [front(1), link(1)], 'f1', 'pass'],
    ['nobody with a form', 'form', nobody, [front(1)], 'f1', 'pass'],
    ['one who may not, at a page', 'page', blocked, [], '', 'refuse'],
    ['one who may not any more', 'page', blocked, [front(1)], 'f1', 'refuse'],
    ['one who may not, with a link’s sign-in', 'page', blocked, [link(1)], '', 'pass'],
    ['one who may not, in a script', 'program', blocked, [front(1)], 'f1', 'refuse'],
    ['what looks at nobody', 'unseen', nobody, [front(1)], '', 'pass'],
  ]
  for (const [what, kind, standing, held, ended, next] of rows)
    it(`${next}es${ended && ` and ends ${ended}`}: ${what}`, () => {
      const course = decideCourse(kind, standing, held, 'header')
      assert.deepEqual([course.end.map(({ id }) => id).join(' '), course.next], [ended, next])
    })

  it('never lets a front server’s sign-in live on under another name or none, and begins none but for a page', () =>
    fc.assert(
      fc.property(
        fc.constantFrom<VisitKind>('page', 'form', 'leaving', 'program'),
        fc.oneof(fc.constant(nobody), fc.constant(blocked), fc.integer({ min: 1, max: 3 }).map(user)),
        fc.array(
          fc
            .tuple(fc.boolean(), fc.integer({ min: 1, max: 3 }))
            .map(([isFront, id]) => (isFront ? front(id) : link(id))),
          { maxLength: 4 },
        ),
        (kind, standing, held) => {
          const { end, next } = decideCourse(kind, standing, held, 'header')
          const alive = held.filter((each) => !end.includes(each))
          for (const each of alive)
            if (standing.kind === 'user') assert.deepEqual([each.way, each.userId], ['header', standing.userId])
            else assert.equal(each.way, 'link')
          assert.ok(end.every((each) => held.includes(each)))
          if (next === 'begin') assert.deepEqual([kind, standing.kind, alive.length], ['page', 'user', 0])
          if (next === 'refuse') assert.equal(alive.length, 0, 'who is still signed in is served')
        },
      ),
    ))
})
