/** Secrets of this room: always random and long, so a plain hash is enough at rest, and a look-up by hash leaks no timing. */
import { hash } from 'node:crypto'

export const hashOf = (secret: string): string => hash('sha256', secret, 'hex')

/** Texts from outside are measured before they are hashed. */
const longest = 512
export const isPlausible = (secret: string): boolean => secret.length > 0 && secret.length <= longest

/** 256 bits for links, cookies and codes; JupyterHub's 32 hex digits (128 bits) are the least a token may have. */
export const shortestToken = 32
export const isStrongToken = (text: string): boolean => text.length >= shortestToken && isPlausible(text)
