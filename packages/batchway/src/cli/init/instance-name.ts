/** Names of gateways that share a host: a part of unit names, folders and the names of sudo's files, which must have no dot. */
export const isInstanceName = (text: string): boolean => /^[a-z][a-z0-9-]{0,30}$/.test(text)
export const instanceNameWords = 'write a name of lower-case letters, digits and "-", such as "physics" (at most 31)'
