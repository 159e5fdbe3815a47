/** Whether a group may be called so: a name of any script, as directories have them, on one line. */
export const isGroupName = (text: string): boolean =>
  text.length > 0 && text.length <= 255 && text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
