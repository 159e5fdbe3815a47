import { BatchwayError } from './errors.ts'

/**
 * Read a body, but never more than `maxBytes` of it: a length that is announced, wrong or missing makes no difference.
 * @returns null if it is longer.
 * @throws {BatchwayError} `bad_request` if the client went away before its end.
 */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return null
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.length
      if (size > maxBytes) return null
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new BatchwayError('bad_request', 'The body did not arrive whole.', { cause })
  }
  return Buffer.concat(chunks)
}
