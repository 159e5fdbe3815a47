import { BatchwayError } from '../core/errors.ts'
import { readBytes } from '../core/http-body.ts'

/**
 * Read a JSON body whatever its Content-Type says: JupyterHub's clients often send none, or curl's form type.
 * (Requests by cookie were already held to JSON when the caller was identified.)
 * @returns null for an empty body.
 * @throws {BatchwayError} `bad_request` if it is too large, not UTF-8 or not JSON.
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const bytes = await readBytes(request, maxBytes)
  if (bytes === null) throw new BatchwayError('bad_request', `The body is larger than ${maxBytes} bytes.`)
  if (bytes.length === 0) return null
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return JSON.parse(text, (key, value: unknown) => {
      // As a key of an object that code builds from user data it would change what the object is.
      if (key === '__proto__') throw new SyntaxError('__proto__')
      return value
    })
  } catch (cause) {
    throw new BatchwayError('bad_request', 'The body is not valid JSON in UTF-8.', { cause })
  }
}
