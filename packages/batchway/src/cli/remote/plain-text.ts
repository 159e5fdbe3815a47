/** Texts of others on a terminal. Names, notes and logs are theirs: what steers a terminal, or turns a line around, does not reach it. */
const steering = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu

/** One line: everything that steers is shown as U+FFFD. */
export const plainLine = (text: string): string => text.replace(steering, '\ufffd')

/** Several lines; tabs stay. */
export const plainLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(plainLine).join('\t'))
    .join('\n')
