/** Who must not go on: what was opened with it ends. Told by the keeper of revocations. */
export type Removal =
  | { readonly kind: 'token'; readonly id: number }
  | { readonly kind: 'sign-in'; readonly id: string }
