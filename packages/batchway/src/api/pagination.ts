/** Lists by pages, in JupyterHub's two forms: a bare list, cut at the longest page, or wrapped with the way to the next one. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import type { Incoming } from './route.ts'

export const pageType = 'application/jupyterhub-pagination+json'
const longestPage = 200
/** Of clients who asked for pages, and so will ask for the next one. */
const usualPage = 50

export const PageQuery = z.object({
  offset: z.string().optional().openapi({ description: 'How many to leave out; a sign is ignored' }),
  limit: z
    .string()
    .optional()
    .openapi({ description: `How many at most: 1 to ${longestPage}` }),
})

export interface Page {
  readonly offset: number
  readonly limit: number
  /** The client knows the wrapped form. */
  readonly isWrapped: boolean
}

/** @throws {BatchwayError} `bad_request` for what is no integer. */
export function readPage(request: Request, query: z.output<typeof PageQuery>): Page {
  const accepts = (request.headers.get('accept') ?? '')
    .split(',')
    .map((each) => each.split(';')[0]?.trim().toLowerCase())
  const isWrapped = accepts.includes(pageType)
  const limit = integer(query.limit, isWrapped ? usualPage : longestPage)
  return { isWrapped, offset: integer(query.offset, 0), limit: Math.min(Math.max(limit, 1), longestPage) }
}

/** JupyterHub drops signs, and so do we: a page before the first one is nobody's wish. */
function integer(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const [, digits] = /^\s*[+-]?(\d{1,15})\s*$/.exec(text) ?? []
  if (digits === undefined)
    throw new BatchwayError('bad_request', 'Invalid argument type, offset and limit must be integers')
  return Number(digits)
}

export const wrapped = <S extends z.ZodType>(items: S) =>
  z.object({
    items,
    _pagination: z.object({
      offset: z.int(),
      limit: z.int(),
      total: z.int(),
      next: z.object({ offset: z.int(), limit: z.int(), url: z.string() }).nullable(),
    }),
  })

/** Lists that came after JupyterHub had pages are wrapped for everybody; clients who did not ask learn it by no type of its own. */
export function wrappedResponse(
  call: Pick<Incoming, 'request' | 'origin'>,
  page: Page,
  items: readonly unknown[],
  total: number,
): Response {
  const response = pageResponse(call, { ...page, isWrapped: true }, items, total)
  if (!page.isWrapped) response.headers.set('Content-Type', 'application/json')
  return response
}

/** @param items of this page only. @param total of the whole list, as far as this caller may see it. */
export function pageResponse(
  { request, origin }: Pick<Incoming, 'request' | 'origin'>,
  { offset, limit, isWrapped }: Page,
  items: readonly unknown[] | Readonly<Record<string, unknown>>,
  total: number,
): Response {
  if (!isWrapped) return Response.json(items)
  const next = offset + limit
  const { pathname, searchParams } = new URL(request.url)
  searchParams.set('offset', String(next))
  searchParams.set('limit', String(limit))
  const url = `${origin}${pathname}?${searchParams}`
  const pagination = { offset, limit, total, next: next < total ? { offset: next, limit, url } : null }
  return Response.json({ items, _pagination: pagination }, { headers: { 'Content-Type': pageType } })
}
