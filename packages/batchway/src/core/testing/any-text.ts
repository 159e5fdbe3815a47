import fc from 'fast-check'

/** Any characters, and those that mean something to a parser. @param words what it looks for. */
export const anyText = (...words: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 14 })
      .map((all) => all.join('')),
  )
