/** A text of somebody else's on one printable line. */
export const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, '\ufffd')
